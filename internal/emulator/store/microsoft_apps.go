package store

import (
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Apps of Microsoft that policies are told apart by.
const (
	AppExchangeOnline   = "00000002-0000-0ff1-ce00-000000000000"
	AppSharePointOnline = "00000003-0000-0ff1-ce00-000000000000"
	AppAzureManagement  = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
)

// microsoftApps are the apps of Microsoft that every tenant has a service principal of. Nobody signs in as one of them.
//
// https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
var microsoftApps = []*control.App{
	{ClientID: AppExchangeOnline, DisplayName: "Office 365 Exchange Online"},
	{ClientID: AppSharePointOnline, DisplayName: "Office 365 SharePoint Online"},
	{ClientID: AppAzureManagement, DisplayName: "Windows Azure Service Management API"},
	{ClientID: "00000002-0000-0000-c000-000000000000", DisplayName: "Windows Azure Active Directory"},
	{ClientID: "00000003-0000-0000-c000-000000000000", DisplayName: "Microsoft Graph"},
	{ClientID: "45a330b1-b1ec-4cc1-9161-9f03992aa49f", DisplayName: "Universal Store Service APIs and Web Application"},
}

// Principals are the service principals: those of the tenant's apps, and then those of Microsoft's.
func (tx *Tx) Principals() []*Principal {
	var principals []*Principal
	seen := map[string]bool{}
	for _, apps := range [][]*control.App{tx.data().apps, microsoftApps} {
		for _, app := range apps {
			if id := strings.ToLower(app.ClientID); !seen[id] {
				seen[id] = true
				principals = append(principals, &Principal{tx.ServicePrincipalID(app), app})
			}
		}
	}
	return principals
}
