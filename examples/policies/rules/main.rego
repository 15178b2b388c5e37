# METADATA
# title: The verdict on a plan
# description: |-
#   Collects what the rules object to. A rule is a package below entramfa.rules whose `deny` holds objects with an address, a
#   reason, what to do, and the value that an exception has to name, so that a new rule is a new file.
package entramfa

import data.entramfa.exceptions
import data.entramfa.plan

# METADATA
# description: |-
#   What the rules object to, without what the parameters make an exception of; for programs. Objections to one address that differ
#   in nothing but the value are one violation. `values` leaves out what is sensitive.
violations contains {
	"rule": key[0],
	"address": key[1],
	"reason": told(key[2], found),
	"remedy": key[3],
	"values": sort([member.value | some member in found; not member.sensitive]),
} if {
	some key, found in grouped
}

grouped[key] contains found if {
	some rule
	some objection in data.entramfa.rules[rule].deny
	not exceptions.allow(rule, objection)
	key := [rule, objection.address, objection.reason, objection.remedy]
	found := object.filter(objection, ["value", "shown", "sensitive"])
}

grouped[key] contains {} if {
	some objection in exceptions.deny
	key := ["exceptions", objection.address, objection.reason, objection.remedy]
}

told(reason, found) := concat("", [reason, ": ", plan.shortened(texts), "."]) if {
	shown := [object.get(member, "shown", member.value) | some member in found; not member.sensitive]
	hidden := [sprintf("%d (sensitive)", [count(members)]) |
		members := [member | some member in found; member.sensitive]
		count(members) > 0
	]
	texts := array.concat(shown, hidden)
	count(texts) > 0
} else := concat("", [reason, "."])

# METADATA
# description: The same for people.
deny contains sprintf("%s: %s\n    %s (%s)", [plan.plain(v.address), v.reason, v.remedy, v.rule]) if some v in violations

most_printed := 100

printed := array.concat(array.slice(sort(deny), 0, most_printed), [more |
	count(deny) > most_printed
	more := sprintf("%d more objections are not shown here.", [count(deny) - most_printed])
])

# METADATA
# description: |-
#   Defined only where no rule objects to the plan, so that `opa eval --fail` ends with exit code 1 for all else: a rule that
#   objects, whose message it prints, an input that is no plan, and policies that were not loaded.
# entrypoint: true
passed := sprintf("All %d rules passed", [count(data.entramfa.rules)]) if {
	every message in printed {
		print(message)
	}
	count(deny) == 0
}
