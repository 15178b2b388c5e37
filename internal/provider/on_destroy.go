package provider

// Values of on_destroy.
const (
	onDestroyDisable = "disable"
	onDestroyKeep    = "keep"
)
