package resourcekit

// Values of on_destroy.
const (
	OnDestroyDisable = "disable"
	OnDestroyKeep    = "keep"
)
