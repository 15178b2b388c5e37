package control

import "fmt"

// PropertyKind is what a property of Graph holds, which is null where its default is nil.
type PropertyKind int

// The kinds of properties.
const (
	PropertyText    PropertyKind = iota
	PropertyFlag                 // true or false
	PropertyNumber               // a whole number
	PropertyTime                 // a time like 2026-01-31T12:00:00Z
	PropertyTexts                // a list of texts; never null
	PropertyObject               // a complex value
	PropertyObjects              // a list of complex values; never null
)

// Property is a property that Graph has.
type Property struct {
	Kind PropertyKind
	// Default is its value where the tenant file says nothing; lists are empty then.
	Default any
}

// The properties of v1.0 besides those that have a field of their own in a tenant file or follow from the id, and besides id. They are those of the
// published metadata; a name that is not among them is none that Graph has.
//
// https://github.com/microsoftgraph/msgraph-metadata/blob/master/schemas/v1.0-Prod.csdl
// https://learn.microsoft.com/graph/api/resources/user
// https://learn.microsoft.com/graph/api/resources/group
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
var (
	// UserProperties are those of a user.
	UserProperties = map[string]Property{
		"aboutMe":                         {Kind: PropertyText},
		"ageGroup":                        {Kind: PropertyText},
		"assignedPlans":                   {Kind: PropertyObjects},
		"authorizationInfo":               {Kind: PropertyObject, Default: map[string]any{"certificateUserIds": []string{}}},
		"birthday":                        {Kind: PropertyTime, Default: "0001-01-01T00:00:00Z"},
		"businessPhones":                  {Kind: PropertyTexts},
		"city":                            {Kind: PropertyText},
		"companyName":                     {Kind: PropertyText},
		"consentProvidedForMinor":         {Kind: PropertyText},
		"country":                         {Kind: PropertyText},
		"createdDateTime":                 {Kind: PropertyTime},
		"creationType":                    {Kind: PropertyText},
		"customSecurityAttributes":        {Kind: PropertyObject},
		"deletedDateTime":                 {Kind: PropertyTime},
		"department":                      {Kind: PropertyText},
		"deviceEnrollmentLimit":           {Kind: PropertyNumber, Default: 5},
		"employeeHireDate":                {Kind: PropertyTime},
		"employeeId":                      {Kind: PropertyText},
		"employeeLeaveDateTime":           {Kind: PropertyTime},
		"employeeOrgData":                 {Kind: PropertyObject},
		"employeeType":                    {Kind: PropertyText},
		"externalUserState":               {Kind: PropertyText},
		"externalUserStateChangeDateTime": {Kind: PropertyTime},
		"faxNumber":                       {Kind: PropertyText},
		"givenName":                       {Kind: PropertyText},
		"hireDate":                        {Kind: PropertyTime, Default: "0001-01-01T00:00:00Z"},
		"identities":                      {Kind: PropertyObjects},
		"identityParentId":                {Kind: PropertyText},
		"imAddresses":                     {Kind: PropertyTexts},
		"interests":                       {Kind: PropertyTexts},
		"isManagementRestricted":          {Kind: PropertyFlag},
		"isResourceAccount":               {Kind: PropertyFlag},
		"jobTitle":                        {Kind: PropertyText},
		"lastPasswordChangeDateTime":      {Kind: PropertyTime},
		"legalAgeGroupClassification":     {Kind: PropertyText},
		"licenseAssignmentStates":         {Kind: PropertyObjects},
		"mailNickname":                    {Kind: PropertyText},
		"mailboxSettings":                 {Kind: PropertyObject},
		"mobilePhone":                     {Kind: PropertyText},
		"mySite":                          {Kind: PropertyText},
		"officeLocation":                  {Kind: PropertyText},
		"onPremisesDistinguishedName":     {Kind: PropertyText},
		"onPremisesDomainName":            {Kind: PropertyText},
		"onPremisesExtensionAttributes":   {Kind: PropertyObject, Default: extensionAttributes()},
		"onPremisesImmutableId":           {Kind: PropertyText},
		"onPremisesLastSyncDateTime":      {Kind: PropertyTime},
		"onPremisesProvisioningErrors":    {Kind: PropertyObjects},
		"onPremisesSamAccountName":        {Kind: PropertyText},
		"onPremisesSecurityIdentifier":    {Kind: PropertyText},
		"onPremisesSyncEnabled":           {Kind: PropertyFlag},
		"onPremisesUserPrincipalName":     {Kind: PropertyText},
		"otherMails":                      {Kind: PropertyTexts},
		"passwordPolicies":                {Kind: PropertyText},
		"passwordProfile":                 {Kind: PropertyObject},
		"pastProjects":                    {Kind: PropertyTexts},
		"postalCode":                      {Kind: PropertyText},
		"preferredDataLocation":           {Kind: PropertyText},
		"preferredLanguage":               {Kind: PropertyText},
		"preferredName":                   {Kind: PropertyText},
		"print":                           {Kind: PropertyObject},
		"provisionedPlans":                {Kind: PropertyObjects},
		"proxyAddresses":                  {Kind: PropertyTexts},
		"responsibilities":                {Kind: PropertyTexts},
		"schools":                         {Kind: PropertyTexts},
		"serviceProvisioningErrors":       {Kind: PropertyObjects},
		"showInAddressList":               {Kind: PropertyFlag},
		"signInActivity":                  {Kind: PropertyObject},
		"signInSessionsValidFromDateTime": {Kind: PropertyTime},
		"skills":                          {Kind: PropertyTexts},
		"state":                           {Kind: PropertyText},
		"streetAddress":                   {Kind: PropertyText},
		"surname":                         {Kind: PropertyText},
		"usageLocation":                   {Kind: PropertyText},
	}
	// GroupProperties are those of a group: a security group, unless its tenant file says otherwise.
	GroupProperties = map[string]Property{
		"accessType":                    {Kind: PropertyText},
		"allowExternalSenders":          {Kind: PropertyFlag},
		"assignedLabels":                {Kind: PropertyObjects},
		"assignedLicenses":              {Kind: PropertyObjects},
		"autoSubscribeNewMembers":       {Kind: PropertyFlag},
		"classification":                {Kind: PropertyText},
		"createdDateTime":               {Kind: PropertyTime},
		"deletedDateTime":               {Kind: PropertyTime},
		"description":                   {Kind: PropertyText},
		"expirationDateTime":            {Kind: PropertyTime},
		"groupTypes":                    {Kind: PropertyTexts},
		"hasMembersWithLicenseErrors":   {Kind: PropertyFlag},
		"hideFromAddressLists":          {Kind: PropertyFlag},
		"hideFromOutlookClients":        {Kind: PropertyFlag},
		"infoCatalogs":                  {Kind: PropertyTexts},
		"isArchived":                    {Kind: PropertyFlag},
		"isAssignableToRole":            {Kind: PropertyFlag},
		"isFavorite":                    {Kind: PropertyFlag},
		"isManagementRestricted":        {Kind: PropertyFlag},
		"isSubscribedByMail":            {Kind: PropertyFlag},
		"licenseProcessingState":        {Kind: PropertyObject},
		"mail":                          {Kind: PropertyText},
		"mailEnabled":                   {Kind: PropertyFlag, Default: false},
		"mailNickname":                  {Kind: PropertyText},
		"membershipRule":                {Kind: PropertyText},
		"membershipRuleProcessingState": {Kind: PropertyText},
		"onPremisesDomainName":          {Kind: PropertyText},
		"onPremisesExtensionAttributes": {Kind: PropertyObject, Default: extensionAttributes()},
		"onPremisesLastSyncDateTime":    {Kind: PropertyTime},
		"onPremisesNetBiosName":         {Kind: PropertyText},
		"onPremisesProvisioningErrors":  {Kind: PropertyObjects},
		"onPremisesSamAccountName":      {Kind: PropertyText},
		"onPremisesSecurityIdentifier":  {Kind: PropertyText},
		"onPremisesSyncEnabled":         {Kind: PropertyFlag},
		"organizationId":                {Kind: PropertyText},
		"preferredDataLocation":         {Kind: PropertyText},
		"preferredLanguage":             {Kind: PropertyText},
		"proxyAddresses":                {Kind: PropertyTexts},
		"renewedDateTime":               {Kind: PropertyTime},
		"resourceBehaviorOptions":       {Kind: PropertyTexts},
		"resourceProvisioningOptions":   {Kind: PropertyTexts},
		"securityEnabled":               {Kind: PropertyFlag, Default: true},
		"serviceProvisioningErrors":     {Kind: PropertyObjects},
		"theme":                         {Kind: PropertyText},
		"uniqueName":                    {Kind: PropertyText},
		"unseenConversationsCount":      {Kind: PropertyNumber},
		"unseenCount":                   {Kind: PropertyNumber},
		"unseenMessagesCount":           {Kind: PropertyNumber},
		"visibility":                    {Kind: PropertyText},
		"welcomeMessageEnabled":         {Kind: PropertyFlag},
	}
	// ServicePrincipalProperties are those of an app within the tenant.
	ServicePrincipalProperties = map[string]Property{
		"accountEnabled":                         {Kind: PropertyFlag, Default: true},
		"addIns":                                 {Kind: PropertyObjects},
		"alternativeNames":                       {Kind: PropertyTexts},
		"appDescription":                         {Kind: PropertyText},
		"appDisplayName":                         {Kind: PropertyText},
		"appOwnerOrganizationId":                 {Kind: PropertyText},
		"appRoleAssignmentRequired":              {Kind: PropertyFlag, Default: false},
		"appRoles":                               {Kind: PropertyObjects},
		"applicationTemplateId":                  {Kind: PropertyText},
		"createdByAppId":                         {Kind: PropertyText},
		"customSecurityAttributes":               {Kind: PropertyObject},
		"deletedDateTime":                        {Kind: PropertyTime},
		"description":                            {Kind: PropertyText},
		"disabledByMicrosoftStatus":              {Kind: PropertyText},
		"homepage":                               {Kind: PropertyText},
		"info":                                   {Kind: PropertyObject},
		"isDisabled":                             {Kind: PropertyFlag},
		"keyCredentials":                         {Kind: PropertyObjects},
		"loginUrl":                               {Kind: PropertyText},
		"logoutUrl":                              {Kind: PropertyText},
		"notes":                                  {Kind: PropertyText},
		"notificationEmailAddresses":             {Kind: PropertyTexts},
		"oauth2PermissionScopes":                 {Kind: PropertyObjects},
		"passwordCredentials":                    {Kind: PropertyObjects},
		"preferredSingleSignOnMode":              {Kind: PropertyText},
		"preferredTokenSigningKeyThumbprint":     {Kind: PropertyText},
		"replyUrls":                              {Kind: PropertyTexts},
		"resourceSpecificApplicationPermissions": {Kind: PropertyObjects},
		"samlSingleSignOnSettings":               {Kind: PropertyObject},
		"servicePrincipalNames":                  {Kind: PropertyTexts},
		"servicePrincipalType":                   {Kind: PropertyText, Default: "Application"},
		"signInAudience":                         {Kind: PropertyText, Default: "AzureADMyOrg"},
		"tags":                                   {Kind: PropertyTexts},
		"tokenEncryptionKeyId":                   {Kind: PropertyText},
		"verifiedPublisher":                      {Kind: PropertyObject},
	}
)

// extensionAttributes are the fifteen attributes that are synchronized from an on-premises directory.
func extensionAttributes() map[string]any {
	attributes := map[string]any{}
	for i := 1; i <= 15; i++ {
		attributes[fmt.Sprintf("extensionAttribute%d", i)] = nil
	}
	return attributes
}
