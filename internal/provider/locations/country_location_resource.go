package locations

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

var countryLocationLimits = resourcekit.TimeLimits{TypeName: "entramfa_country_location", Write: 30 * time.Minute, Read: 10 * time.Minute}

// countryLocations are the locations of countries.
var countryLocations = locationKind{
	is: client.NamedLocation.IsCountry, of: "countries (countryNamedLocation)", one: "a location of countries",
	contents: "countries", otherType: "entramfa_trusted_ips",
	move: func(source azureADLocation) (location client.NamedLocation, wrong string) {
		if len(source.Country) == 0 {
			return location, "has no countries"
		}
		of := source.Country[0]
		return client.NamedLocation{
			Kind: client.KindCountryNamedLocation, Countries: of.CountriesAndRegions, IncludeUnknown: of.IncludeUnknown.ValueBool(), LookupMethod: of.LookupMethod.ValueString(),
		}, ""
	},
	checkImport: func(client.NamedLocation, *diag.Diagnostics) {},
	addWrongKind: func(location client.NamedLocation, at path.Path, diags *diag.Diagnostics) {
		diags.AddAttributeError(at, fmt.Sprintf("Named location %s has no countries", redact.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s is one of %s. entramfa_trusted_ips manages locations of IP ranges that are trusted.", location.ID, kindOf(location)))
	},
	warnStoredDifferently: func(wanted, stored client.NamedLocation, diags *diag.Diagnostics) {
		diags.AddWarning(fmt.Sprintf("Named location %s is not stored as it was requested", redact.NameInQuotes(wanted.DisplayName)),
			fmt.Sprintf("Microsoft Graph accepted the new location %s and says that it has %s. The next plan shows the difference. If it comes back after an apply, "+
				"the configuration asks for something that the service does not store.", stored.ID, describeCountries(stored)))
	},
}

type countryLocationResource struct {
	locationResource[countryLocationModel, *countryLocationModel]
}

func newCountryLocationResource() resource.Resource {
	return &countryLocationResource{locationResource[countryLocationModel, *countryLocationModel]{
		limits: countryLocationLimits, kind: countryLocations, upgrades: countryLocationUpgrades, explain: explainCountries,
		explainDestroy: func(ctx context.Context, d *run, prior *countryLocationModel, diags *diag.Diagnostics) {
			d.warnInUse(ctx, prior.location(), diags)
		},
	}}
}

var (
	_ resource.ResourceWithConfigure    = (*countryLocationResource)(nil)
	_ resource.ResourceWithModifyPlan   = (*countryLocationResource)(nil)
	_ resource.ResourceWithImportState  = (*countryLocationResource)(nil)
	_ resource.ResourceWithIdentity     = (*countryLocationResource)(nil)
	_ resource.ResourceWithMoveState    = (*countryLocationResource)(nil)
	_ resource.ResourceWithUpgradeState = (*countryLocationResource)(nil)
)

func (r *countryLocationResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_country_location"
}

func (r *countryLocationResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(countryLocationUpgrades),
		MarkdownDescription: "Manages a [named location](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of countries, " +
			"which Conditional Access policies include or exclude by its id.\n\n" +
			"A location of countries is never trusted, and has no effect without a policy that names it.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id of the named location, a GUID. Policies refer to the location by it.",
			},
			"name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The same as `display_name`, for people reading a plan: Terraform shows `name` also where it does not change.",
			},
			"display_name": displayNameAttribute(),
			"countries": schema.SetAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "The countries and regions, as two-letter codes of ISO 3166-1 in upper case: `[\"DE\", \"NO\"]`. A change replaces the whole set. " +
					"Graph: `countriesAndRegions`.",
				Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(countryValidator())},
			},
			"country_names": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The English name of each country, by its code: `NO = \"Norway\"`. Known at plan, for people reading it.",
			},
			"include_unknown": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether sign-ins whose country is not known belong to the location. Default `false`. Graph: `includeUnknownCountriesAndRegions`.",
			},
			"lookup": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(lookupClientIP),
				MarkdownDescription: "How the country of a sign-in is found: `client_ip_address`, or `authenticator_app_gps`, for which users share the position of their phone " +
					"in the Microsoft Authenticator app. Default `client_ip_address`. Graph: `countryLookupMethod`.",
				Validators: []validator.String{stringvalidator.OneOf(lookupClientIP, lookupGPS)},
			},
		},
		Blocks: map[string]schema.Block{"timeouts": countryLocationLimits.Block(ctx)},
	}
}

// explainCountries names what changes for the policies that name the location, and the locations of the same name.
func explainCountries(ctx context.Context, d *run, prior, plan *countryLocationModel, diags *diag.Diagnostics) {
	if !d.Ready() {
		return
	}
	if prior != nil {
		warnCountries(d.policiesAbout(ctx, prior.ID.ValueString(), diags), prior, plan, diags)
	}
	if prior != nil && plan.DisplayName.Equal(prior.DisplayName) {
		return
	}
	locations, err := d.locations.all(ctx)
	if err != nil {
		diagnose.Error(diags, err)
		return
	}
	resourcekit.Report(diags, checkSameName(plan.DisplayName, withoutID(locations, plan.ID.ValueString()))...)
}

// warnCountries names what changes for the policies that name the location.
func warnCountries(policies locationPolicies, prior, plan *countryLocationModel, diags *diag.Diagnostics) {
	changes := plan.changes(prior)
	if len(policies.byID) == 0 || len(changes) == 0 {
		return
	}
	var lines []string
	for _, policy := range policies.byID {
		lines = append(lines, describePolicy(policy)+": "+ways(policy, policies.id, "this location"))
	}
	diags.AddAttributeWarning(path.Root("countries"),
		fmt.Sprintf("What %s covers changes, and %s it", redact.NameInQuotes(prior.DisplayName.ValueString()), policiesName(len(policies.byID))),
		fmt.Sprintf("%s\n\nConditional Access policies for which that is a change:\n%s", diagnose.List(changes), diagnose.List(lines)))
}

func policiesName(n int) string {
	if n == 1 {
		return "a policy names"
	}
	return fmt.Sprintf("%d policies name", n)
}
