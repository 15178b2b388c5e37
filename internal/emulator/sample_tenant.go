package emulator

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"

// Fixed identifiers of the sample tenant, for examples and documentation.
const (
	SampleTenantID = "6a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a01"

	// SampleAppID is the app "terraform", which may read and write.
	SampleAppID = "b2c0d6a4-5f0e-4a57-8a3c-5e1d9f7b2c01"
	// SamplePlanAppID is the app "terraform-plan", which may only read.
	SamplePlanAppID = "b2c0d6a4-5f0e-4a57-8a3c-5e1d9f7b2c02"

	// SampleSecret and SamplePlanSecret are the client secrets of the two apps.
	SampleSecret     = "sample-tenant-secret-not-for-production"
	SamplePlanSecret = "sample-tenant-plan-secret-not-for-production"

	// SampleAllStaffID is the group of everybody, nested groups included.
	SampleAllStaffID = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"
	// SampleEngineeringID is a group within all-staff.
	SampleEngineeringID = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"
	// SampleBreakGlassID is the group of emergency access accounts: one directly, one through a nested group.
	SampleBreakGlassID = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
	// SampleBreakGlassNestedID is the group within it.
	SampleBreakGlassNestedID = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e04"

	// SampleHeadquartersID is the trusted named location of the headquarters' ranges.
	SampleHeadquartersID = "e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f01"
	// SampleCountriesID is the named location of the countries that the company works in.
	SampleCountriesID = "e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f02"
	// SampleMFAPolicyID is the Conditional Access policy that asks everybody for MFA outside trusted locations.
	SampleMFAPolicyID = "f60ab4d8-5c3e-4f70-9d91-3c4d5e6f7001"
)

// SampleTenant returns a small believable tenant, contoso.example, with fixed identifiers and obviously fake secrets.
// Every call returns a new one.
func SampleTenant() *Tenant {
	user := func(serial, name, upn string) User {
		return User{
			ID: "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b3" + serial, DisplayName: name, UserPrincipalName: upn, Mail: upn,
			UserType: "Member", AccountEnabled: new(true), PerUserMFAState: control.StateDisabled,
			// https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference: Microsoft 365 Business Premium.
			AssignedLicenses: []control.AssignedLicense{{SkuID: "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"}},
		}
	}
	unlicensed := func(user User) User {
		user.AssignedLicenses = nil
		return user
	}
	with := func(user User, state string, methods ...Method) User {
		user.PerUserMFAState, user.Methods = state, methods
		return user
	}
	authenticator := func(device string) Method {
		return Method{Type: control.MethodMicrosoftAuthenticator, DisplayName: device}
	}
	guest := unlicensed(user("0a", "Nestor Wilke (guest)", "nestor.wilke_fabrikam.example#EXT#@contoso.example"))
	guest.UserType, guest.Mail = "Guest", "nestor.wilke@fabrikam.example"
	left := user("0b", "Lee Gu", "lee.gu@contoso.example")
	left.AccountEnabled = new(false)
	breakGlass1 := unlicensed(user("0e", "Break glass 1", "break.glass.1@contoso.example"))
	breakGlass2 := unlicensed(user("0f", "Break glass 2", "break.glass.2@contoso.example"))
	breakGlass1.Mail, breakGlass2.Mail = "", ""

	users := []User{
		user("01", "Adele Vance", "adele.vance@contoso.example"),
		with(user("02", "Alex Wilber", "alex.wilber@contoso.example"), control.StateDisabled, authenticator("Alex's phone")),
		with(user("03", "Megan Bowen", "megan.bowen@contoso.example"), control.StateEnabled),
		with(user("04", "Diego Siciliani", "diego.siciliani@contoso.example"), control.StateEnforced,
			Method{Type: control.MethodPhone, PhoneNumber: "+39 5550100", PhoneType: "mobile"}),
		with(user("05", "Grady Archie", "grady.archie@contoso.example"), control.StateEnforced,
			Method{Type: control.MethodFIDO2, DisplayName: "Blue key"}, authenticator("Grady's phone")),
		with(user("06", "Isaiah Langer", "isaiah.langer@contoso.example"), control.StateDisabled,
			Method{Type: control.MethodEmail, EmailAddress: "isaiah@home.example"}),
		with(user("07", "Johanna Lorenz", "johanna.lorenz@contoso.example"), control.StateDisabled,
			Method{Type: control.MethodSoftwareOath}),
		user("08", "Miriam O'Hara", "miriam.o'hara@contoso.example"),
		unlicensed(user("09", "Cash desk", "$cash.desk@contoso.example")),
		guest,
		left,
		with(user("0c", "Patti Fernandez", "patti.fernandez@contoso.example"), control.StateEnabled,
			Method{Type: control.MethodTemporaryAccessPass}),
		with(breakGlass1, control.StateDisabled, Method{Type: control.MethodFIDO2, DisplayName: "Safe key 1"}),
		with(breakGlass2, control.StateDisabled, Method{Type: control.MethodFIDO2, DisplayName: "Safe key 2"}),
	}
	return &Tenant{
		TenantID:      SampleTenantID,
		DisplayName:   "Contoso",
		DefaultDomain: "contoso.example",
		Cloud:         "public",
		Apps: []App{
			{
				ClientID: SampleAppID, DisplayName: "terraform",
				Secrets: []Secret{{Value: SampleSecret}},
				FederatedCredentials: []FederatedCredential{{
					Name: "github-main", Issuer: "https://token.actions.githubusercontent.com",
					Subject: "repo:contoso/mfa:ref:refs/heads/main", Audience: control.DefaultFederatedAudience,
				}},
				Permissions: []string{
					"User.Read.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod",
					"UserAuthenticationMethod.Read.All", "GroupMember.Read.All", "Group.Read.All", "Directory.Read.All",
					"Policy.ReadWrite.ConditionalAccess", "Application.Read.All",
				},
			},
			{
				ClientID: SamplePlanAppID, DisplayName: "terraform-plan",
				Secrets:     []Secret{{Value: SamplePlanSecret}},
				Permissions: []string{"User.Read.All", "Policy.Read.All", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All"},
			},
		},
		Users: users,
		Groups: []Group{
			{ID: SampleAllStaffID, DisplayName: "all-staff", Members: []string{
				"adele.vance@contoso.example", "alex.wilber@contoso.example", "megan.bowen@contoso.example",
				"miriam.o'hara@contoso.example", "patti.fernandez@contoso.example", "$cash.desk@contoso.example", SampleEngineeringID,
			}},
			{ID: SampleEngineeringID, DisplayName: "engineering", Members: []string{
				"diego.siciliani@contoso.example", "grady.archie@contoso.example", "isaiah.langer@contoso.example",
				"johanna.lorenz@contoso.example",
			}},
			{ID: SampleBreakGlassID, DisplayName: "break-glass accounts", Members: []string{
				"break.glass.1@contoso.example", SampleBreakGlassNestedID,
			}},
			{ID: SampleBreakGlassNestedID, DisplayName: "break-glass accounts, second safe", Members: []string{
				"break.glass.2@contoso.example",
			}},
		},
		AuthenticationMethodsPolicy: sampleMethodsPolicy(),
		NamedLocations:              sampleLocations(),
		ConditionalAccessPolicies: []control.ConditionalAccessPolicy{{
			ID: SampleMFAPolicyID, DisplayName: "MFA for everybody outside trusted locations", State: control.PolicyEnabled,
			Conditions: control.PolicyConditions{
				ClientAppTypes: []string{"all"},
				Applications:   &control.PolicyApplications{IncludeApplications: []string{"All"}},
				Users:          &control.PolicyUsers{IncludeUsers: []string{"All"}, ExcludeGroups: []string{SampleBreakGlassID}},
				Locations: &control.PolicyLocations{
					IncludeLocations: []string{control.LocationAll}, ExcludeLocations: []string{control.LocationAllTrusted},
				},
			},
			GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
		}},
	}
}

// sampleMethodsPolicy leaves the registration campaign to Microsoft, as a new tenant does.
func sampleMethodsPolicy() *control.AuthenticationMethodsPolicy {
	return &control.AuthenticationMethodsPolicy{
		PolicyMigrationState: new("migrationComplete"),
		RegistrationEnforcement: &control.RegistrationEnforcement{
			AuthenticationMethodsRegistrationCampaign: &control.RegistrationCampaign{
				State: control.ConfigDefault, SnoozeDurationInDays: new(control.DefaultSnoozeDurationInDays),
				EnforceRegistrationAfterAllowedSnoozes: new(true),
				IncludeTargets: []control.CampaignIncludeTarget{{
					ID: control.AllUsers, TargetType: control.TargetGroup,
					TargetedAuthenticationMethod: control.CampaignMicrosoftAuthenticator,
				}},
			},
		},
	}
}

func sampleLocations() []control.NamedLocation {
	headquarters := control.NewIPNamedLocation("Headquarters", true, "203.0.113.0/24", "2001:db8:5a5a::/48")
	headquarters.ID = SampleHeadquartersID
	countries := control.NewCountryNamedLocation("Countries we work in", "DE", "IT", "CH")
	countries.ID = SampleCountriesID
	return []control.NamedLocation{headquarters, countries}
}
