package graphapi

// What tests of the package as others see it need.
var (
	FileMembers = fileMembers
	Update      = update
)

// AccessRuleTexts are what the rules of policies say.
func AccessRuleTexts() []string {
	var texts []string
	for _, rule := range accessRules {
		texts = append(texts, rule.text)
	}
	return texts
}
