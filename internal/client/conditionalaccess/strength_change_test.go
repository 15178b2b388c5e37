package conditionalaccess

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSpellingsOfACombinationAreOne(t *testing.T) {
	t.Parallel()
	have := CanonicalCombinations([]string{"sms, PASSWORD", "password,sms", "FIDO2", "brandNew, password"})
	if !slices.Equal(have, []string{"password,sms", "fido2", "brandNew,password"}) {
		t.Errorf("they are %q", have)
	}
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.SampledFrom(Combinations).Draw(t, "combination")
		if IsSingleFactor(one) && (len(Strength{AllowedCombinations: []string{"fido2"}}.Weakened(Strength{AllowedCombinations: []string{one}})) != 1 || one == "fido2") {
			t.Errorf("%q does not weaken a strength", one)
		}
		if NearestCombination(one, Combinations) != one || NearestCombination(one+"x", Combinations) == "" {
			t.Errorf("the nearest to %q is %q", one, NearestCombination(one, Combinations))
		}
	})
}

func TestWhatIsASingleFactor(t *testing.T) {
	t.Parallel()
	for combination, want := range map[string]bool{
		"password": true, "SMS": true, "voice": true, "email": true, "qrCodePin": true, "x509CertificateSingleFactor": true, "federatedSingleFactor": true, "softwareOath": true,
		"fido2": false, "windowsHelloForBusiness": false, "x509CertificateMultiFactor": false, "temporaryAccessPassOneTime": false, "deviceBasedPush": false,
		"password, sms": false, "sms,federatedSingleFactor": false, "brandNew": false,
	} {
		if IsSingleFactor(combination) != want {
			t.Errorf("%q is a single factor: %t", combination, !want)
		}
	}
}

func TestTheNearestCombination(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"fido": "fido2", "softwareOath , pasword": "password,softwareOath", "windowsHello": "windowsHelloForBusiness", "x509CertificateMultifactors": "x509CertificateMultiFactor"} {
		if have := NearestCombination(text, Combinations); have != want {
			t.Errorf("the nearest to %q is %q, want %q", text, have, want)
		}
	}
}

func TestHowConfigurationsChange(t *testing.T) {
	t.Parallel()
	keys := func(id string, aaguids ...string) StrengthConfiguration {
		return StrengthConfiguration{ODataType: FIDO2Configuration, ID: id, AppliesTo: []string{"fido2"}, AAGUIDs: aaguids}
	}
	certificates := func(id string, appliesTo []string, skis, oids []string) StrengthConfiguration {
		return StrengthConfiguration{ODataType: CertificateConfiguration, ID: id, AppliesTo: appliesTo, IssuerSKIs: skis, PolicyOIDs: oids}
	}
	single, multi := "x509CertificateSingleFactor", "x509CertificateMultiFactor"
	both := []string{single, multi}
	strange := StrengthConfiguration{ODataType: "#microsoft.graph.newCombinationConfiguration", ID: "9", AppliesTo: []string{"fido2"}}
	for name, c := range map[string]struct {
		have, want          []StrengthConfiguration
		allowed             []string
		update, remove, add int
		loosened            int
	}{
		"nothing":               {[]StrengthConfiguration{keys("1", "A")}, []StrengthConfiguration{keys("", "a")}, []string{"fido2"}, 0, 0, 0, 0},
		"more keys":             {[]StrengthConfiguration{keys("1", "a")}, []StrengthConfiguration{keys("", "a", "b")}, []string{"fido2"}, 1, 0, 0, 1},
		"fewer keys":            {[]StrengthConfiguration{keys("1", "a", "b")}, []StrengthConfiguration{keys("", "b")}, []string{"fido2"}, 1, 0, 0, 0},
		"other keys":            {[]StrengthConfiguration{keys("1", "a")}, []StrengthConfiguration{keys("", "b")}, []string{"fido2"}, 1, 0, 0, 1},
		"first keys":            {nil, []StrengthConfiguration{keys("", "b")}, []string{"fido2"}, 0, 0, 1, 0},
		"no keys any more":      {[]StrengthConfiguration{keys("1", "a")}, nil, []string{"fido2"}, 0, 1, 0, 1},
		"no such combination":   {[]StrengthConfiguration{keys("1", "a")}, nil, []string{"password,sms"}, 0, 1, 0, 0},
		"of an unknown kind":    {[]StrengthConfiguration{strange}, nil, []string{"fido2"}, 0, 0, 0, 0},
		"without an id":         {[]StrengthConfiguration{keys("", "a")}, []StrengthConfiguration{keys("", "b")}, []string{"fido2"}, 0, 1, 1, 1},
		"one list less":         {[]StrengthConfiguration{certificates("1", both, []string{"a"}, []string{"1"})}, []StrengthConfiguration{certificates("", both, []string{"a"}, nil)}, both, 1, 0, 0, 1},
		"one list more":         {[]StrengthConfiguration{certificates("1", both, []string{"a"}, nil)}, []StrengthConfiguration{certificates("", both, []string{"a"}, []string{"1"})}, both, 1, 0, 0, 0},
		"fewer combinations":    {[]StrengthConfiguration{certificates("1", both, []string{"a"}, nil)}, []StrengthConfiguration{certificates("", []string{multi}, []string{"a"}, nil)}, both, 1, 0, 0, 1},
		"a combination to come": {[]StrengthConfiguration{certificates("1", both[:1], []string{"a"}, nil)}, []StrengthConfiguration{certificates("", both, []string{"a"}, nil)}, both, 0, 1, 1, 0},
	} {
		have := Strength{AllowedCombinations: []string{"fido2", multi, single}, Configurations: c.have}
		if name == "a combination to come" {
			have.AllowedCombinations = []string{single}
		}
		want := Strength{AllowedCombinations: c.allowed, Configurations: c.want}
		updated, removed, added := have.ChangedConfigurations(want)
		loosened := have.Loosened(want)
		if len(updated) != c.update || len(removed) != c.remove || len(added) != c.add || len(loosened) != c.loosened {
			t.Errorf("%s: updated are %v, removed %v, added %v, loosened %v", name, updated, removed, added, loosened)
		}
		if c.update > 0 && updated[0].ID != "1" {
			t.Errorf("%s: what is updated has the id %q", name, updated[0].ID)
		}
	}
}
