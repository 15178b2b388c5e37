// Package msgraph holds the emulator against a client that nobody here wrote: Microsoft Graph SDK for Go, as its users have it,
// with its own middleware, pagination and batches.
package msgraph

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	auth "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	sdk "github.com/microsoftgraph/msgraph-sdk-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/directoryobjects"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/policies"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	adele = "adele.vance@contoso.example"
	lee   = "lee.gu@contoso.example"
)

// tenant is a running emulator, and the SDK's client of it.
type tenant struct {
	*testing.T
	graph   *sdk.GraphServiceClient
	adapter *sdk.GraphRequestAdapter
	control *control.Client
}

func start(t *testing.T) *tenant {
	t.Helper()
	server, err := emulator.Start(emulator.Config{Tenant: emulator.SampleTenant()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)

	credential, err := azidentity.NewClientSecretCredential(emulator.SampleTenantID, emulator.SampleAppID, emulator.SampleSecret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{
				Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: server.URL()}, Transport: &http.Client{Transport: transport},
			},
			DisableInstanceDiscovery: true,
		})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	// The scope is the SDK's own default, that of the public cloud.
	provider, err := auth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(credential,
		[]string{"https://graph.microsoft.com/.default"}, []string{address.Hostname()})
	if err != nil {
		t.Fatal(err)
	}
	options := sdk.GetDefaultClientOptions()
	client := core.GetDefaultClient(&options)
	client.Transport = khttp.NewCustomTransportWithParentTransport(transport, core.GetDefaultMiddlewaresWithOptions(&options)...)
	adapter, err := sdk.NewGraphRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(provider, nil, nil, client)
	if err != nil {
		t.Fatal(err)
	}
	adapter.SetBaseUrl(server.URL() + "/v1.0")
	return &tenant{
		T: t, graph: sdk.NewGraphServiceClient(adapter), adapter: adapter,
		control: control.New(server.URL(), &http.Client{Transport: transport}),
	}
}

// must fails the test when a call of the SDK fails, with what Graph said.
func must[R any](t *tenant) func(R, error) R {
	return func(result R, err error) R {
		t.Helper()
		t.done(err)
		return result
	}
}

func (t *tenant) done(err error) {
	t.Helper()
	var refusal *odataerrors.ODataError
	if errors.As(err, &refusal) && refusal.GetErrorEscaped() != nil {
		t.Fatalf("%d %s: %s", refusal.ResponseStatusCode, text(refusal.GetErrorEscaped().GetCode()), text(refusal.GetErrorEscaped().GetMessage()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func text(value *string) string {
	if value == nil {
		return "(null)"
	}
	return *value
}

func advanced() *abstractions.RequestHeaders {
	headers := abstractions.NewRequestHeaders()
	headers.Add("ConsistencyLevel", "eventual")
	return headers
}

func TestUsersAreReadOneByOneInPagesAndCounted(t *testing.T) {
	graph := start(t)
	user := must[models.Userable](graph)(graph.graph.Users().ByUserId(adele).Get(t.Context(), &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{"id", "userPrincipalName", "accountEnabled", "userType"}},
	}))
	if text(user.GetUserPrincipalName()) != adele || !*user.GetAccountEnabled() || text(user.GetUserType()) != "Member" {
		t.Errorf("got %s", text(user.GetUserPrincipalName()))
	}

	size := int32(4)
	first := must[models.UserCollectionResponseable](graph)(graph.graph.Users().Get(t.Context(), &users.UsersRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Top: &size, Orderby: []string{"displayName"}},
	}))
	iterator := must[*core.PageIterator[models.Userable]](graph)(
		core.NewPageIterator[models.Userable](first, graph.adapter, models.CreateUserCollectionResponseFromDiscriminatorValue))
	var names []string
	graph.done(iterator.Iterate(t.Context(), func(user models.Userable) bool {
		names = append(names, text(user.GetDisplayName()))
		return true
	}))
	if len(names) != 14 || !slices.IsSorted(names) {
		t.Errorf("the iterator gave %d users: %v", len(names), names)
	}

	count := must[*int32](graph)(graph.graph.Users().Count().Get(t.Context(), &users.CountRequestBuilderGetRequestConfiguration{Headers: advanced()}))
	if *count != 14 {
		t.Errorf("there are %d users", *count)
	}
	search := `"displayName:adele"`
	found := must[models.UserCollectionResponseable](graph)(graph.graph.Users().Get(t.Context(), &users.UsersRequestBuilderGetRequestConfiguration{
		Headers: advanced(), QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Search: &search},
	}))
	if len(found.GetValue()) != 1 {
		t.Errorf("the search found %d users", len(found.GetValue()))
	}

	_, err := graph.graph.Users().ByUserId("nobody@contoso.example").Get(t.Context(), nil)
	var refusal *odataerrors.ODataError
	if !errors.As(err, &refusal) || refusal.ResponseStatusCode != 404 || text(refusal.GetErrorEscaped().GetCode()) != "Request_ResourceNotFound" {
		t.Errorf("an unknown user: %v", err)
	}
}

func TestABatchOfTheSDK(t *testing.T) {
	graph := start(t)
	batch := core.NewBatchRequest(graph.adapter)
	reading := must[*abstractions.RequestInformation](graph)(graph.graph.Users().ByUserId(adele).ToGetRequestInformation(t.Context(), nil))
	read := must[core.BatchItem](graph)(batch.AddBatchRequestStep(*reading))
	missing := must[*abstractions.RequestInformation](graph)(graph.graph.Users().ByUserId("nobody@contoso.example").ToGetRequestInformation(t.Context(), nil))
	unknown := must[core.BatchItem](graph)(batch.AddBatchRequestStep(*missing))
	location := models.NewCountryNamedLocation()
	name, kind := "Alps", "#microsoft.graph.countryNamedLocation" // the SDK leaves the type to its caller
	location.SetOdataType(&kind)
	location.SetDisplayName(&name)
	location.SetCountriesAndRegions([]string{"AT", "CH"})
	writing := must[*abstractions.RequestInformation](graph)(
		graph.graph.Identity().ConditionalAccess().NamedLocations().ToPostRequestInformation(t.Context(), location, nil))
	written := must[core.BatchItem](graph)(batch.AddBatchRequestStep(*writing))

	answers := must[core.BatchResponse](graph)(batch.Send(t.Context(), graph.adapter))
	user := must[models.Userable](graph)(core.GetBatchResponseById[models.Userable](answers, *read.GetId(), models.CreateUserFromDiscriminatorValue))
	if text(user.GetUserPrincipalName()) != adele {
		t.Errorf("got %s", text(user.GetUserPrincipalName()))
	}
	if status := *answers.GetResponseById(*unknown.GetId()).GetStatus(); status != 404 {
		t.Errorf("an unknown user: %d", status)
	}
	created := must[models.NamedLocationable](graph)(
		core.GetBatchResponseById[models.NamedLocationable](answers, *written.GetId(), models.CreateNamedLocationFromDiscriminatorValue))
	if _, isCountry := created.(*models.CountryNamedLocation); !isCountry || text(created.GetId()) == "(null)" {
		t.Errorf("created %#v", created)
	}
}

func TestGroupsAndTheirMembers(t *testing.T) {
	graph := start(t)
	permissions := []string{"User.Read.All", "GroupMember.ReadWrite.All"}
	if _, err := graph.control.PatchApp(t.Context(), emulator.SampleAppID, control.AppPatch{Permissions: &permissions}); err != nil {
		t.Fatal(err)
	}
	user := must[models.Userable](graph)(graph.graph.Users().ByUserId(lee).Get(t.Context(), nil))
	engineering := graph.graph.Groups().ByGroupId(emulator.SampleEngineeringID)

	reference := models.NewReferenceCreate()
	address := "https://graph.microsoft.com/v1.0/directoryObjects/" + *user.GetId()
	reference.SetOdataId(&address)
	graph.done(engineering.Members().Ref().Post(t.Context(), reference, nil))
	members := must[models.DirectoryObjectCollectionResponseable](graph)(engineering.Members().Get(t.Context(), nil))
	isLee := func(object models.DirectoryObjectable) bool {
		member, isUser := object.(*models.User)
		return isUser && text(member.GetUserPrincipalName()) == lee
	}
	if !slices.ContainsFunc(members.GetValue(), isLee) {
		t.Errorf("%s is not among the members", lee)
	}

	body := users.NewItemCheckMemberGroupsPostRequestBody()
	body.SetGroupIds([]string{emulator.SampleAllStaffID, emulator.SampleBreakGlassID})
	within := must[users.ItemCheckMemberGroupsPostResponseable](graph)(
		graph.graph.Users().ByUserId(lee).CheckMemberGroups().PostAsCheckMemberGroupsPostResponse(t.Context(), body, nil))
	if !slices.Equal(within.GetValue(), []string{emulator.SampleAllStaffID}) {
		t.Errorf("%s is in %v", lee, within.GetValue())
	}
	memberOf := must[models.GroupCollectionResponseable](graph)(graph.graph.Users().ByUserId(lee).TransitiveMemberOf().GraphGroup().Get(t.Context(), nil))
	if len(memberOf.GetValue()) != 2 {
		t.Errorf("%s is in %d groups", lee, len(memberOf.GetValue()))
	}

	graph.done(engineering.Members().ByDirectoryObjectId(*user.GetId()).Ref().Delete(t.Context(), nil))
	expanded := must[models.Groupable](graph)(engineering.Get(t.Context(), &groups.GroupItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &groups.GroupItemRequestBuilderGetQueryParameters{Expand: []string{"members($select=id,userPrincipalName)"}},
	}))
	if slices.ContainsFunc(expanded.GetMembers(), isLee) || len(expanded.GetMembers()) != 4 {
		t.Errorf("members after the removal: %d", len(expanded.GetMembers()))
	}

	ids := directoryobjects.NewGetByIdsPostRequestBody()
	ids.SetIds([]string{*user.GetId(), emulator.SampleEngineeringID, "11111111-2222-4333-8444-555555555555"})
	ids.SetTypes([]string{"user", "group"})
	objects := must[directoryobjects.GetByIdsPostResponseable](graph)(
		graph.graph.DirectoryObjects().GetByIds().PostAsGetByIdsPostResponse(t.Context(), ids, nil))
	if len(objects.GetValue()) != 2 {
		t.Errorf("getByIds gave %d objects", len(objects.GetValue()))
	}
	object := must[models.DirectoryObjectable](graph)(graph.graph.DirectoryObjects().ByDirectoryObjectId(emulator.SampleEngineeringID).Get(t.Context(), nil))
	if group, isGroup := object.(*models.Group); !isGroup || text(group.GetDisplayName()) != "engineering" {
		t.Errorf("got %#v", object)
	}
}

func TestNamedLocationsAreWrittenAndRead(t *testing.T) {
	graph := start(t)
	locations := graph.graph.Identity().ConditionalAccess().NamedLocations()
	location, kind := models.NewIpNamedLocation(), "#microsoft.graph.ipNamedLocation"
	location.SetOdataType(&kind)
	name, trusted, cidr, cidr6 := "Branch", true, "198.51.100.0/24", "2001:db8::/48"
	location.SetDisplayName(&name)
	location.SetIsTrusted(&trusted)
	four, six := models.NewIPv4CidrRange(), models.NewIPv6CidrRange()
	four.SetCidrAddress(&cidr)
	six.SetCidrAddress(&cidr6)
	location.SetIpRanges([]models.IpRangeable{four, six})
	created := must[models.NamedLocationable](graph)(locations.Post(t.Context(), location, nil))
	id := *created.GetId()

	trusted, change := false, models.NewIpNamedLocation()
	change.SetOdataType(&kind)
	change.SetIsTrusted(&trusted)
	// An update answers 204, of which the SDK makes an object that is not there.
	_, err := locations.ByNamedLocationId(id).Patch(t.Context(), change, nil)
	graph.done(err)
	read, isIP := must[models.NamedLocationable](graph)(locations.ByNamedLocationId(id).Get(t.Context(), nil)).(*models.IpNamedLocation)
	if !isIP || *read.GetIsTrusted() || len(read.GetIpRanges()) != 2 || text(read.GetDisplayName()) != name {
		t.Errorf("read %#v", read)
	}
	graph.done(locations.ByNamedLocationId(id).Delete(t.Context(), nil))
	list := must[models.NamedLocationCollectionResponseable](graph)(locations.Get(t.Context(), nil))
	if slices.ContainsFunc(list.GetValue(), func(location models.NamedLocationable) bool { return *location.GetId() == id }) {
		t.Error("the deleted location is in the list")
	}
}

func TestConditionalAccessPoliciesAreWrittenAndRead(t *testing.T) {
	graph := start(t)
	all := graph.graph.Identity().ConditionalAccess().Policies()
	name, operator := "MFA for all", "OR"
	state := models.ENABLEDFORREPORTINGBUTNOTENFORCED_CONDITIONALACCESSPOLICYSTATE
	policy, conditions, grant := models.NewConditionalAccessPolicy(), models.NewConditionalAccessConditionSet(), models.NewConditionalAccessGrantControls()
	apps, people := models.NewConditionalAccessApplications(), models.NewConditionalAccessUsers()
	apps.SetIncludeApplications([]string{"All"})
	people.SetIncludeUsers([]string{"All"})
	people.SetExcludeGroups([]string{emulator.SampleBreakGlassID})
	conditions.SetApplications(apps)
	conditions.SetUsers(people)
	conditions.SetClientAppTypes([]models.ConditionalAccessClientApp{models.ALL_CONDITIONALACCESSCLIENTAPP})
	grant.SetOperator(&operator)
	grant.SetBuiltInControls([]models.ConditionalAccessGrantControl{models.MFA_CONDITIONALACCESSGRANTCONTROL})
	policy.SetDisplayName(&name)
	policy.SetState(&state)
	policy.SetConditions(conditions)
	policy.SetGrantControls(grant)
	created := must[models.ConditionalAccessPolicyable](graph)(all.Post(t.Context(), policy, nil))
	id := *created.GetId()

	enabled, change := models.ENABLED_CONDITIONALACCESSPOLICYSTATE, models.NewConditionalAccessPolicy()
	change.SetState(&enabled)
	_, err := all.ByConditionalAccessPolicyId(id).Patch(t.Context(), change, nil)
	graph.done(err)
	read := must[models.ConditionalAccessPolicyable](graph)(all.ByConditionalAccessPolicyId(id).Get(t.Context(), nil))
	if *read.GetState() != enabled || !slices.Equal(read.GetConditions().GetUsers().GetExcludeGroups(), []string{emulator.SampleBreakGlassID}) {
		t.Errorf("read %s", read.GetState())
	}
	graph.done(all.ByConditionalAccessPolicyId(id).Delete(t.Context(), nil))
	_, err = all.ByConditionalAccessPolicyId(id).Get(t.Context(), nil)
	var refusal *odataerrors.ODataError
	if !errors.As(err, &refusal) || refusal.ResponseStatusCode != 404 {
		t.Errorf("the deleted policy: %v", err)
	}
}

func TestStrengthsAreWrittenAndRequiredOfGuests(t *testing.T) {
	graph := start(t)
	strengths := graph.graph.Policies().AuthenticationStrengthPolicies()
	name, description := "Keys or an app", "What guests need."
	strength := models.NewAuthenticationStrengthPolicy()
	strength.SetDisplayName(&name)
	strength.SetDescription(&description)
	const passwordAndApp = models.AuthenticationMethodModes(models.PASSWORD_AUTHENTICATIONMETHODMODES | models.MICROSOFTAUTHENTICATORPUSH_AUTHENTICATIONMETHODMODES)
	strength.SetAllowedCombinations([]models.AuthenticationMethodModes{models.FIDO2_AUTHENTICATIONMETHODMODES, passwordAndApp})
	key, kind := models.NewFido2CombinationConfiguration(), "#microsoft.graph.fido2CombinationConfiguration"
	key.SetOdataType(&kind)
	key.SetAllowedAAGUIDs([]string{"486be407-23df-4ba0-8e19-3bd5d0d3b3b6"})
	key.SetAppliesToCombinations([]models.AuthenticationMethodModes{models.FIDO2_AUTHENTICATIONMETHODMODES})
	strength.SetCombinationConfigurations([]models.AuthenticationCombinationConfigurationable{key})
	created := must[models.AuthenticationStrengthPolicyable](graph)(strengths.Post(t.Context(), strength, nil))
	id := *created.GetId()
	if *created.GetPolicyType() != models.CUSTOM_AUTHENTICATIONSTRENGTHPOLICYTYPE || len(created.GetCombinationConfigurations()) != 1 ||
		!slices.Contains(created.GetAllowedCombinations(), passwordAndApp) {
		t.Errorf("created %v", created.GetAllowedCombinations())
	}

	policy, conditions, grant := models.NewConditionalAccessPolicy(), models.NewConditionalAccessConditionSet(), models.NewConditionalAccessGrantControls()
	apps, people, guests := models.NewConditionalAccessApplications(), models.NewConditionalAccessUsers(), models.NewConditionalAccessGuestsOrExternalUsers()
	apps.SetIncludeApplications([]string{"All"})
	types := models.ConditionalAccessGuestOrExternalUserTypes(models.INTERNALGUEST_CONDITIONALACCESSGUESTOREXTERNALUSERTYPES | models.SERVICEPROVIDER_CONDITIONALACCESSGUESTOREXTERNALUSERTYPES)
	tenants, membership := models.NewConditionalAccessAllExternalTenants(), models.ALL_CONDITIONALACCESSEXTERNALTENANTSMEMBERSHIPKIND
	tenants.SetMembershipKind(&membership)
	guests.SetGuestOrExternalUserTypes(&types)
	guests.SetExternalTenants(tenants)
	people.SetIncludeGuestsOrExternalUsers(guests)
	conditions.SetApplications(apps)
	conditions.SetUsers(people)
	conditions.SetUserRiskLevels([]models.RiskLevel{models.HIGH_RISKLEVEL})
	reference, operator, session := models.NewAuthenticationStrengthPolicy(), "AND", models.NewConditionalAccessSessionControls()
	reference.SetId(&id)
	grant.SetOperator(&operator)
	grant.SetAuthenticationStrength(reference)
	frequency, enabled, value, unit := models.NewSignInFrequencySessionControl(), true, int32(8), models.HOURS_SIGNINFREQUENCYTYPE
	frequency.SetIsEnabled(&enabled)
	frequency.SetValue(&value)
	frequency.SetTypeEscaped(&unit)
	session.SetSignInFrequency(frequency)
	title, state := "Guests", models.DISABLED_CONDITIONALACCESSPOLICYSTATE
	policy.SetDisplayName(&title)
	policy.SetState(&state)
	policy.SetConditions(conditions)
	policy.SetGrantControls(grant)
	policy.SetSessionControls(session)
	all := graph.graph.Identity().ConditionalAccess().Policies()
	written := must[models.ConditionalAccessPolicyable](graph)(all.Post(t.Context(), policy, nil))
	read := must[models.ConditionalAccessPolicyable](graph)(all.ByConditionalAccessPolicyId(*written.GetId()).Get(t.Context(), nil))
	if got := read.GetConditions().GetUsers().GetIncludeGuestsOrExternalUsers(); *got.GetGuestOrExternalUserTypes() != types ||
		text(read.GetGrantControls().GetAuthenticationStrength().GetDisplayName()) != name || text(read.GetGrantControls().GetOperator()) != "OR" ||
		*read.GetSessionControls().GetSignInFrequency().GetValue() != 8 {
		t.Errorf("read %v", got)
	}

	combinations := policies.NewAuthenticationStrengthPoliciesItemUpdateAllowedCombinationsPostRequestBody()
	combinations.SetAllowedCombinations([]models.AuthenticationMethodModes{models.FIDO2_AUTHENTICATIONMETHODMODES, models.SMS_AUTHENTICATIONMETHODMODES})
	updated := must[models.UpdateAllowedCombinationsResultable](graph)(
		strengths.ByAuthenticationStrengthPolicyId(id).UpdateAllowedCombinations().Post(t.Context(), combinations, nil))
	if len(updated.GetPreviousCombinations()) != 2 || !slices.Equal(updated.GetConditionalAccessReferences(), []string{*written.GetId()}) {
		t.Errorf("updated %v", updated.GetConditionalAccessReferences())
	}
	usage := must[models.AuthenticationStrengthUsageable](graph)(strengths.ByAuthenticationStrengthPolicyId(id).Usage().Get(t.Context(), nil))
	if len(usage.GetNone()) != 1 || len(usage.GetMfa()) != 0 {
		t.Errorf("%d policies without MFA and %d with it", len(usage.GetNone()), len(usage.GetMfa()))
	}
	if err := strengths.ByAuthenticationStrengthPolicyId(id).Delete(t.Context(), nil); err == nil {
		t.Error("a strength that a policy names was deleted")
	}
	graph.done(all.ByConditionalAccessPolicyId(*written.GetId()).Delete(t.Context(), nil))
	graph.done(strengths.ByAuthenticationStrengthPolicyId(id).Delete(t.Context(), nil))
}

func TestTheAuthenticationMethodsPolicyIsWritten(t *testing.T) {
	graph := start(t)
	settings := graph.graph.Policies().AuthenticationMethodsPolicy()
	enabled, days := models.ENABLED_ADVANCEDCONFIGSTATE, int32(3)
	campaign, target := models.NewAuthenticationMethodsRegistrationCampaign(), models.NewAuthenticationMethodsRegistrationCampaignIncludeTarget()
	everybody, method, kind := "all_users", "microsoftAuthenticator", models.GROUP_AUTHENTICATIONMETHODTARGETTYPE
	target.SetId(&everybody)
	target.SetTargetedAuthenticationMethod(&method)
	target.SetTargetType(&kind)
	campaign.SetIncludeTargets([]models.AuthenticationMethodsRegistrationCampaignIncludeTargetable{target})
	campaign.SetState(&enabled)
	campaign.SetSnoozeDurationInDays(&days)
	change := models.NewAuthenticationMethodsPolicy()
	enforcement := models.NewRegistrationEnforcement()
	enforcement.SetAuthenticationMethodsRegistrationCampaign(campaign)
	change.SetRegistrationEnforcement(enforcement)
	must[models.AuthenticationMethodsPolicyable](graph)(settings.Patch(t.Context(), change, nil))
	after := must[models.AuthenticationMethodsPolicyable](graph)(settings.Get(t.Context(), nil)).GetRegistrationEnforcement()
	if got := after.GetAuthenticationMethodsRegistrationCampaign(); *got.GetState() != enabled || *got.GetSnoozeDurationInDays() != 3 {
		t.Errorf("the campaign is %s with %d days", got.GetState(), *got.GetSnoozeDurationInDays())
	}
	methods := must[models.AuthenticationMethodCollectionResponseable](graph)(
		graph.graph.Users().ByUserId("diego.siciliani@contoso.example").Authentication().Methods().Get(t.Context(), nil))
	if len(methods.GetValue()) == 0 || !strings.Contains(text(methods.GetValue()[0].GetOdataType()), "AuthenticationMethod") {
		t.Errorf("methods: %v", methods.GetValue())
	}
}
