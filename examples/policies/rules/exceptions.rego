# METADATA
# title: What the parameters allow all the same
# description: |-
#   An exception is for one rule, one address and one value, so that one made for a /16 does not serve for the /9 that the same
#   location has next month. It may end: it counts up to and including the day `until`.
package entramfa.exceptions

import data.entramfa.ranges

# METADATA
# description: |-
#   Whether an exception covers an objection. What makes the others count, `plan_complete`, has none, nor has an objection to a plan
#   as a whole.
allow(rule, objection) if {
	rule != "plan_complete"
	values := allowed[rule][objection.address]
	exact(objection.value) in values
}

allowed[exception.rule][exception.address] contains exact(exception.value) if {
	some exception in data.parameters.exceptions
	not ended(exception)
}

# Ids and names are compared without case, and a range is what it covers.
exact(value) := ranges.canonical(value)

exact(value) := lower(value) if not ranges.canonical(value)

# METADATA
# description: Today in UTC as 2006-01-02. The parameter `now` replaces the clock, for tests and to judge a plan of another day.
today := object.get(data.parameters, "now", time.format([time.now_ns(), "UTC", "2006-01-02"]))

ended(exception) if exception.until < today

deny contains {
	"address": exception.address,
	"reason": sprintf("The exception from %s for %s ended on %s", [exception.rule, exception.value, exception.until]),
	"remedy": "Take it out of the parameters, or have somebody decide anew and write another day.",
} if {
	some exception in data.parameters.exceptions
	ended(exception)
}

# An exception from a rule that there is not is a slip, and looks like an exception that works.
deny contains {
	"address": "parameters.exceptions",
	"reason": sprintf("There is no rule %q to make an exception of for %s", [exception.rule, exception.address]),
	"remedy": "Write a rule as it stands in brackets at the end of a message.",
} if {
	some exception in data.parameters.exceptions
	not data.entramfa.rules[exception.rule]
}

deny contains {
	"address": "parameters.exceptions",
	"reason": sprintf("There is no exception from plan_complete, and one is written for %s", [exception.address]),
	"remedy": "Take it out. What a plan does not show cannot be allowed by name.",
} if {
	some exception in data.parameters.exceptions
	exception.rule == "plan_complete"
}
