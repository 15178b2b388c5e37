# METADATA
# title: The verdict on a plan
# description: |-
#   Collects what the rules object to. A rule is a package below entramfa.rules whose `deny` holds objects with an address,
#   a reason and what to do, so that a new one is a new file.
package entramfa

# METADATA
# description: What the rules object to, without what the parameters make an exception of; for programs.
violations contains violation if {
	some rule
	some objection in data.entramfa.rules[rule].deny
	not excepted(rule, objection)
	violation := object.union(objection, {"rule": rule})
}

# An exception from a rule that there is not is a slip, and looks like an exception that works.
violations contains violation if {
	some exception in data.parameters.exceptions
	not data.entramfa.rules[exception.rule]
	violation := {
		"rule": "exceptions",
		"address": "parameters.exceptions",
		"reason": sprintf("There is no rule %q to make an exception of for %s.", [exception.rule, exception.address]),
		"remedy": "Write a rule as it stands in brackets at the end of a message.",
	}
}

# From what makes the others count there is none.
excepted(rule, objection) if {
	rule != "plan_complete"
	some exception in data.parameters.exceptions
	exception.rule == rule
	exception.address == objection.address
}

# METADATA
# description: The same for people.
deny contains sprintf("%s: %s\n    %s (%s)", [v.address, v.reason, v.remedy, v.rule]) if some v in violations

# METADATA
# description: |-
#   Defined only where no rule objects to the plan, so that `opa eval --fail` ends with exit code 1 for all else: a rule that
#   objects, whose message it prints, an input that is no plan, and policies that were not loaded.
# entrypoint: true
passed := sprintf("%d rules have nothing against this plan.", [count(data.entramfa.rules)]) if {
	every message in deny {
		print(message)
	}
	count(deny) == 0
}
