package locations

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// Named locations wait for their turn at the one request a second that all apps of the tenant share.
var trustedIPsLimits = resourcekit.TimeLimits{TypeName: "entramfa_trusted_ips", Write: 30 * time.Minute, Read: 10 * time.Minute}

type trustedIPsResource struct {
	locationResource[trustedIPsModel, *trustedIPsModel]
}

func newTrustedIPsResource() resource.Resource {
	return &trustedIPsResource{locationResource[trustedIPsModel, *trustedIPsModel]{
		limits: trustedIPsLimits, kind: ipLocations, upgrades: trustedIPsUpgrades, explain: explainTrustedIPs, explainDestroy: warnDestroy,
	}}
}

var (
	_ resource.ResourceWithConfigure    = (*trustedIPsResource)(nil)
	_ resource.ResourceWithModifyPlan   = (*trustedIPsResource)(nil)
	_ resource.ResourceWithImportState  = (*trustedIPsResource)(nil)
	_ resource.ResourceWithIdentity     = (*trustedIPsResource)(nil)
	_ resource.ResourceWithMoveState    = (*trustedIPsResource)(nil)
	_ resource.ResourceWithUpgradeState = (*trustedIPsResource)(nil)
)

func (r *trustedIPsResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_trusted_ips"
}

func (r *trustedIPsResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(trustedIPsUpgrades),
		MarkdownDescription: "Manages a [named location](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of IP ranges " +
			"that Conditional Access trusts.\n\n" +
			"Trusting a location has no effect without a Conditional Access policy that asks for less if a sign-in comes from a trusted location, " +
			"by its id or by `AllTrusted`.\n\n" +
			"~> This is **not** the trusted IP list of the legacy service settings of per-user MFA. That list has no API, so no Terraform provider can manage it, " +
			"and per-user MFA asks users in these locations as it asks everybody.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id of the named location, a GUID; what policies refer to it by.",
			},
			"name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The same as `display_name`, for the reader of a plan: Terraform shows `name` also where it does not change.",
			},
			"display_name": displayNameAttribute(),
			"ip_ranges": schema.ListAttribute{
				Required: true, CustomType: value.NewRangeListType(), ElementType: types.StringType,
				MarkdownDescription: "The public IP ranges to trust, in CIDR notation, IPv4 and IPv6: 1 to 2,000, each longer than /8. A range is what it covers: " +
					"`203.0.113.7/24` is `203.0.113.0/24`, a bare address is its /32 or /128, and another order or spelling is not a change, white space around a range included. " +
					"A change replaces the whole list. A list in another notation is read by the function `ip_ranges_from_text`. " +
					"Graph: `ipRanges`.",
				Validators: []validator.List{value.RangesValidator{}},
			},
			"range_sizes": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "How much each range covers, in words, by the range in its normal spelling: `\"203.0.113.0/24\" = \"256 IPv4 addresses\"`. " +
					"Known at plan. A range that is only spelled otherwise is a difference in `ip_ranges` and none here.",
			},
			"address_count_ipv4": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "How many IPv4 addresses the ranges cover; overlaps count once. Known at plan, so that `/9` for `/19` shows as " +
					"`8192 -> 8388608`.",
			},
			"network_count_ipv6": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "How many IPv6 networks of the size /64 the ranges cover; one that is covered in part counts, and overlaps count once. " +
					"Known at plan.",
			},
			"trusted": schema.BoolAttribute{
				Computed: true,
				MarkdownDescription: "Whether the location is trusted. It always is after an apply; where somebody took the trust away outside of Terraform, " +
					"the plan shows `false -> true`. Graph: `isTrusted`.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": trustedIPsLimits.Block(ctx)},
	}
}

// These lead states of earlier versions of a schema to the present one. There is no earlier version yet.
var trustedIPsUpgrades, trustedIPRangeUpgrades, countryLocationUpgrades []resourcekit.StateUpgrade
