package control

// ManagedIdentity is the machine in Azure that the identity endpoints of the control API play.
type ManagedIdentity struct {
	// SystemAssigned is the client id of the app that stands for the machine's own identity; empty is a machine without one.
	SystemAssigned string `json:"systemAssigned,omitempty"`
	// UserAssigned are the client ids of the apps that stand for the identities assigned to the machine.
	UserAssigned []string `json:"userAssigned,omitempty"`
	// Header is what App Service puts into IDENTITY_HEADER and wants back; empty is an App Service that refuses everybody.
	Header string `json:"header,omitempty"`
}
