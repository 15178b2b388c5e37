package campaign

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
)

func TestEveryChangeOfACampaignNamesItsAttribute(t *testing.T) {
	for _, property := range clienttest.Constants[client.CampaignProperty](t) {
		line := directory{}.changeLine(client.CampaignChange{Property: property}, client.RegistrationCampaign{}, client.RegistrationCampaign{})
		want, known := map[client.CampaignProperty]string{
			client.CampaignPropertyState: "state: ", client.CampaignPropertyMethod: "authentication_method: ", client.CampaignPropertySnooze: "snooze_days ",
			client.CampaignPropertyLimit: "require_registration_after_snoozes: ", client.CampaignPropertyInclude: "include: ", client.CampaignPropertyExclude: "exclude: ",
		}[property]
		if !known || !strings.HasPrefix(line, want) {
			t.Errorf("a change of %q is told by %q", property, line)
		}
	}
}
