package graphapi

// What tests of the package as others see it need.
var (
	FileMembers = fileMembers
	Update      = update
)
