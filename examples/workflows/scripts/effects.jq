# What a plan does to people and to trust, from the JSON of `show -json`: the digest on top of a comment, for jq 1.6 and later. report.jq makes
# its lines harmless; nothing here does more than keep each effect in one line.
#
# A plan is read by its attributes and not by its text. Two things it does not hold: what the users of a new resource have already, of which the
# provider gives the numbers in the summary of a warning, and which campaign a tenant had before a new registration policy.

# masked: whether a mask such as after_unknown or after_sensitive is set for any part of a value.
def masked: . == true or ((type == "object" or type == "array") and any(.[]; masked));
def part($mask; $attribute): if ($mask | type) == "object" then $mask[$attribute] else $mask end;
def unknown($change; $attribute): part($change.after_unknown; $attribute) | masked;
def hidden($change; $attribute): any($change.before_sensitive, $change.after_sensitive; part(.; $attribute) | masked);

# word: a name or a value as it stands in a line. What is more than a user principal name, an id or an address is quoted, so that a name that
# somebody has chosen neither ends the line nor reads like a part of it.
def word: tostring | if test("\\A[A-Za-z0-9._%+'#$@!~^-]{1,100}\\z") then . else (if length > 100 then .[:100] + "..." else . end) | tojson end;
def place: if test("\\p{Cc}") or length > 300 then .[:300] | tojson else . end;

# some: the first few of many words, and how many more there are.
def some($most): unique | (.[:$most] | join(", ")) + (if length > $most then " and \(length - $most) more" else "" end);

# grouped: 3968 as 3,968. Beyond what a double holds exactly, its size is all that can be said.
def grouped:
  if . > 9000000000000000 then "over 9,000,000,000,000,000"
  else tostring | explode | reverse | [range(0; length; 3) as $at | .[$at:$at + 3] | reverse | implode] | reverse | join(",") end;

def actions: .change.actions | if . == ["delete", "create"] or . == ["create", "delete"] then "replace" else join(" and ") end;
def changed: .change.actions != ["no-op"] or .change.importing != null;
def does($action): .change.actions | index($action) != null;
def replaced: does("create") and .change.before != null;

# ours: whether a resource is one of this provider.
def ours: (.type | startswith("entramfa_")) or ((.provider_name // "") | endswith("/entramfa"));

# People.

# side: the people of one side of a change. Their state is "unknown" where only the apply can tell, and null where nobody is known to have one.
def side($kind; $change; $values; $unknown):
  def person($key; $id; $who; $state; $effective): {
    key: ($key | ascii_downcase), id: (if $id == null then null else $id | ascii_downcase end), $state, $effective, who: (if $who == null then "(sensitive)" else $who end)
  };
  if $values == null then []
  elif $kind == "entramfa_user_mfa_state" then
    ($values.user_principal_name // $values.user_id // $values.id) as $key
    | (any("user_principal_name", "user_id", "id"; hidden($change; .))) as $hidden
    | [person($key // ""; $values.id // $values.user_id; if $hidden then null elif $key == null then "a user who is not known yet" else $key | word end;
        if part($unknown; "state") | masked then "unknown" else $values.state end;
        if part($unknown; "effective_state") | masked then "unknown" else $values.effective_state end)]
  else
    (if part($unknown; "users") | type == "object" then part($unknown; "users") | map_values(select(masked) | "unknown") else {} end) as $later
    | (part($unknown; "effective_states")) as $effectiveLater
    | ($values.effective_states // {}) as $effective | ($values.user_ids // {}) as $ids | ($values.names // {}) as $names
    | hidden($change; "users") as $hidden | hidden($change; "names") as $nameless
    | [(($values.users // {}) + $later) | to_entries[] | .key as $key
        | person($key; $ids[$key]; if $hidden then null else ($key | word) + (if $names[$key] == null or $nameless then "" else " " + ($names[$key] | word) end) end; .value;
            if part($effectiveLater; $key) | masked then "unknown" else $effective[$key] end)]
  end;

# fates: what becomes of the people of one change, each with a fate: loses, mayLose, asked, enforced, adopted, left, or none.
def fates:
  .address as $address | .type as $kind | .change as $change | replaced as $replaced | does("forget") as $forgotten
  | (does("create") | not) as $same | ($change.importing != null) as $imported
  | side($kind; $change; $change.before; null) as $before
  | side($kind; $change; $change.after; $change.after_unknown) as $after
  | ((if $change.after == null or $replaced then $change.before.on_destroy else $change.after.on_destroy end) == "keep") as $keep
  | any("users", "state", "effective_state", "effective_states"; hidden($change; .)) as $stateless
  | ($kind == "entramfa_user_mfa_states") as $many
  | ($many and $change.after != null and (part($change.after_unknown; "users") == true)) as $all
  # A user may be written by name on the one side and by id on the other.
  | (reduce $after[] as $one ({}; .[$one.key] = $one | if $one.id == null then . else .[$one.id] = $one end)) as $wanted
  | (reduce $before[] as $one ({}; .[$one.key] = $one | if $one.id == null then . else .[$one.id] = $one end)) as $present
  | def match($index): if $replaced then null elif $many then $index[.key] // (if .id == null then null else $index[.id] end) else ($index | [.[]][0]) end;
  ($before[] | . as $one | match($wanted) as $want | (.effective // .state) as $has
    | {$address, who, key, id, was: (if $stateless then null else $has end)} + (
      if $forgotten or ($want == null and $keep) then {fate: "left"}
      elif $want == null and $all then if $has == "disabled" then {} else {fate: "mayLose"} end
      elif $want == null then if $has == "disabled" then {} elif $has == null then {fate: "mayLose"} else {fate: "loses"} end
      elif $want.state == "unknown" then if $has == "disabled" then {} else {fate: "mayLose"} end
      elif $want.state == "disabled" then if $has == "disabled" then {} elif $has == null then {fate: "mayLose"} else {fate: "loses"} end
      elif $has == "disabled" or $has == null then {fate: "asked"}
      elif $want.state == "enforced" and $has == "enabled" then {fate: "enforced"}
      elif $imported then {fate: "adopted"} else {} end)),
  ($after[] | . as $one | select(match($present) == null)
    | {$address, who, key, id, was: null, new: true} + (
      if .state == "unknown" then {fate: "mayLose"}
      # The provider plans what a new user has where that is disabled as wanted, and nothing else.
      elif .state == "disabled" then if .effective == "disabled" then {} elif .id == null then {fate: "mayLose", untold: true} else {fate: "loses"} end
      else {fate: "asked"} end));

# Trust.

def byte($table): if test("\\A[0-9]{1,3}\\z") and tonumber < 256 then $table[tonumber] else error("not an address") end;
def nibbles: ascii_downcase | explode | reduce .[] as $one (0; . * 16 + (if $one > 96 then $one - 87 else $one - 48 end));

# prefix: a range as 4 or 6 and the bits of its network, so that one covers another where the other begins with it. Of IPv6 what is within a /64
# counts as that.
def prefix($table):
  try (
    (sub("\\A\\s+"; "") | sub("\\s+\\z"; "") | split("/")) as $parts
    | (if $parts[0] | contains(":") then
        if $parts[0] | test(":::|[^:]:\\z|\\A:[^:]") then error("not an address") else . end |
        [$parts[0] | split("::")[] | [split(":")[] | select(. != "")
          | if contains(".") then split(".") | if length == 4 then map(byte($table)) else error("not an address") end | .[]
            elif test("\\A[0-9A-Fa-f]{1,4}\\z") then nibbles | $table[. / 256 | floor], $table[. % 256] else error("not an address") end]] as $halves
        | (16 - ($halves | map(length) | add)) as $missing
        | if ($halves | length) == 1 and $missing == 0 then $halves[0] elif ($halves | length) == 2 and $missing > 0
          then $halves[0] + [range($missing) | $table[0]] + $halves[1] else error("not an address") end
      else $parts[0] | split(".") | if length == 4 then map(byte($table)) else error("not an address") end end) as $bytes
    | (if ($parts | length) == 1 then ($bytes | length) * 8 elif ($parts | length) == 2 and ($parts[1] | test("\\A[0-9]{1,3}\\z")) then $parts[1] | tonumber else error("not a length") end) as $length
    | if $length > ($bytes | length) * 8 then error("not a length") elif ($bytes | length) == 16 then "6" + ($bytes | add | .[:[$length, 64] | min]) else "4" + ($bytes | add | .[:$length]) end
  ) catch null;

# widest: of some prefixes those that no other one covers.
def widest: sort | reduce .[] as $one ([]; if length > 0 and (.[-1] as $last | $one | startswith($last)) then . else .[length] = $one end);
def addresses: map(select(startswith("4"))) | widest | map(pow(2; 33 - length)) | add // 0;
def networks: map(select(startswith("6"))) | widest | map(pow(2; 65 - length)) | add // 0;

# coverage: the prefixes that cover what all of them do together, two halves as the whole. within: whether a prefix is in it.
def halves: if length > 1 and (.[-1] | length) > 1 and .[-1][:-1] == .[-2][:-1] then .[:-2] + [.[-1][:-1]] | halves else . end;
def coverage: widest | reduce .[] as $one ([]; .[length] = $one | halves) | reduce .[] as $one ({}; .[$one] = true);
def within($coverage): . as $one | any(range(1; length + 1); $coverage[$one[:.]]);

# trust: what the locations of a plan trust before and after it, and whose each part is. Locations of several provider blocks may be in several
# tenants, so a range that moves from one to another is new there.
def trust:
  ([range(256) | . as $number | [range(7; -1; -1) as $bit | ($number / pow(2; $bit) | floor) % 2 | tostring] | add]) as $table
  | ([.configuration.provider_config[]? | select((.full_name // "") | endswith("/entramfa"))] | length > 1) as $several
  | [.resource_changes[]? | select(.type == "entramfa_trusted_ips" or .type == "entramfa_trusted_ip_range")] as $all
  | if any($all[]; changed) | not then [] else
    [$all[] | .change as $change | does("forget") as $forgotten
      | def ranges($values): if $values == null then [] elif $values.ip_ranges != null then $values.ip_ranges else [$values.ip_range] end | map(strings);
      (if $change.before.trusted == false then [] else ranges($change.before) end) as $before
      | (if $forgotten then $before else ranges($change.after) end) as $after
      | {address, tenant: (if $several then .address else "" end),
        who: (if any("display_name", "location_name"; hidden($change; .)) then "(sensitive)"
          else ($change.after // $change.before | .display_name // .location_name) as $name | if $name == null then "" else $name | word end end),
        before: ($before | map(prefix($table))), after: ($after | map(prefix($table)))}
      | . + {unread: any(.before[], .after[]; . == null), before: (.before | map(strings)), after: (.after | map(strings))}]
    | group_by(.tenant) | map(
      . as $locations | [.[].before[]] as $before | [.[].after[]] as $after
      | def grown($from; $to): {ipv4: (($from + $to | addresses) - ($from | addresses)), ipv6: (($from + $to | networks) - ($from | networks))};
      ($before | coverage) as $covered | ($after | coverage) as $stays
      | {added: grown($before; $after), removed: grown($after; $before), unread: map(select(.unread).address),
        gaining: [.[] | select(any(.after - .before | .[]; within($covered) | not)) | {address, who}],
        losing: [.[] | select(any(.before - .after | .[]; within($stays) | not)) | {address, who}]})
    end;

# Everything else.

# told: the attributes of a type of which other lines speak, or which only explain.
def told: {
  entramfa_user_mfa_state: ["id", "name", "user_id", "user_principal_name", "state", "effective_state"],
  entramfa_user_mfa_states: ["id", "users", "effective_states", "user_ids", "names", "created_for_sha256"],
  entramfa_registration_policy: ["id", "include", "exclude", "asked", "target_names", "adoption_loss"],
  entramfa_trusted_ips: ["id", "name", "ip_ranges", "range_sizes", "address_count_ipv4", "network_count_ipv6", "trusted"],
  entramfa_trusted_ip_range: ["id", "location_name", "ip_range", "size"],
  entramfa_country_location: ["id", "name", "countries", "country_names"],
  entramfa_conditional_access_policy: ["id", "name", "state", "conditions", "grant_controls", "session_controls", "reference_names", "allow_emergency_access"]
}[.] // [];

# settings: the other attributes that differ, with their values where those are short.
def settings:
  .change as $change | (.type | told) as $told
  | if $change.before == null or $change.after == null then [] else
    [($change.after + ($change.after_unknown | objects // {}) | keys[]) as $name | select($told | index($name) | not)
      | unknown($change; $name) as $later
      | select($later or $change.before[$name] != $change.after[$name])
      | def value: if hidden($change; $name) then "(sensitive)" elif type == "object" or type == "array" then "..." else word end;
      $name + " " + ($change.before[$name] | value) + " -> " + (if $later then "(not known yet)" else $change.after[$name] | value end)]
    end;

# targets: whom a scope of a registration policy names, by id.
def targets: if . == null then [] else (if .all_users == true then ["all users"] else [] end) + ((.user_ids // []) + (.group_ids // []) | map(strings | ascii_downcase)) end;

# policy: what becomes of those whom a registration policy asks.
def policy:
  .change as $change | (.address | place) as $address
  | (($change.before.target_names // {}) + ($change.after.target_names // {})) as $names
  | def called: if any("include", "exclude", "target_names"; hidden($change; .)) then ["(sensitive)"] else map(if . == "all users" then . else ($names[.] // .) | word end) end;
  def asked: if any("include", "exclude", "target_names", "asked"; hidden($change; .)) then "(sensitive)" else . // "not known yet" | word end;
  if does("delete") and ($change.before.on_destroy != "keep") then
    {rank: 3, text: "\($address) is destroyed, and gives back a registration campaign that the plan does not show"} else empty end,
  if $change.after == null or (does("forget")) then empty else
    (($change.after.exclude | targets) - (if replaced then [] else $change.before.exclude | targets end) | select(. != []) | called
      | {rank: 3, text: "excluded by \($address): \(some(10))"}),
    (if $change.before == null or replaced or $change.after.include.all_users == true then [] else ($change.before.include | targets) - ($change.after.include | targets) end
      | select(. != []) | called | {rank: 3, text: "no longer included by \($address): \(some(10))"}),
    (if $change.before == null or replaced then
      {rank: (if unknown($change; "adoption_loss") then 3 else 6 end),
        text: ("\($address) takes over the tenant's registration campaign, asking \($change.after.asked | asked)"
          + (if unknown($change; "adoption_loss") then "; the warning says what people lose" else "" end))}
     elif $change.before.asked != $change.after.asked then
      {rank: (if $change.before.state == "enabled" and $change.after.state != "enabled" then 3 else 6 end),
        text: "\($address) asks \($change.after.asked | asked) to register (before: \($change.before.asked | asked))"}
     else empty end)
  end;

# countries: what a location of countries gains and loses.
def countries:
  .change as $change | (.address | place) as $address
  | if hidden($change; "countries") then {rank: 6, text: "\($address): countries (sensitive)"} else
    (($change.after.countries // []) - ($change.before.countries // []) | map("+" + (. | word))) + (($change.before.countries // []) - ($change.after.countries // []) | map("-" + (. | word)))
    | select(. != []) | {rank: 6, text: "\($address): countries \(some(20))"} end;

# Conditional Access policies.

# leaves: the values of an object by their places, each as a list of texts.
def leaves($at):
  if type == "object" then [to_entries[] | .key as $key | .value | leaves(if $at == "" then $key else $at + "." + $key end)] | add // {}
  elif . == null then {} elif type == "array" then {($at): map(select(. != null) | tostring)} else {($at): [tostring]} end;

# hazy: whether a mask covers a place, or a part of it.
def hazy($place): reduce ($place | split(".")[]) as $step (.; if type == "object" then .[$step] else . end) | masked;

# besides: the values of a list that another one does not have. Case does not matter.
def besides($others): (reduce ($others // [] | .[]) as $one ({}; .[$one | ascii_downcase] = true)) as $known | map(select($known[ascii_downcase] | not));

# access: what becomes of a Conditional Access policy. Of several policies with the same deed, and the same people, one line is made.
def access:
  .change as $change | replaced as $replaced
  | (if $change.before == null or $replaced then null else $change.before end) as $before | (if does("forget") then null else $change.after end) as $after
  | (.address | place) as $address
  | ($address + (if any("display_name", "name"; hidden($change; .)) then " (sensitive)" else ($change.after // $change.before).display_name | if . == null then "" else " " + word end end)) as $policy
  | (($change.before.reference_names // {}) + ($change.after.reference_names // {})) as $names
  | any("conditions", "reference_names"; hidden($change; .)) as $nameless
  | def brief: if . == "enabledForReportingButNotEnforced" then "report-only" else . end;
  def state: if hidden($change; "state") then "(sensitive)" else brief | word end;
  def called($place): map(if . == "All" then (if $place | startswith("users.") then "all users" elif $place | startswith("applications.") then "all apps" else "everywhere" end)
    elif . == "AllTrusted" then "all trusted locations" elif . == "GuestsOrExternalUsers" then "guests and external users" else ($names[ascii_downcase] // .) | word end);
  def listed($side; kind): [$side.conditions | leaves("") | to_entries[] | select(.key | kind) | .key as $place | .value | called($place)[]] | if . == [] then "" elif $nameless then "(sensitive)" else some(5) end;
  def controls($side): $side.grant_controls | leaves("") | del(.operator) | [.[][]] | unique
    | if . == [] then "limits the sessions of" elif hidden($change; "grant_controls") then "requires (sensitive) of" elif . == ["block"] then "blocks"
      else "requires " + (map($names[ascii_downcase] // . | word) | if length > 5 then .[:5] + ["\(length - 5) more"] else . end | join(if $side.grant_controls.operator == "AND" then " and " else " or " end)) + " of" end;
  # The conditions that are more than the standard ones.
  def limits($side): $side.conditions | leaves("") | [to_entries[] | select(.key | test("\\Ausers\\.|(\\A|\\.)excluded_") | not) | select(.value != [] and .value != ["All"] and .value != ["all"])
      | "\(.key) \(.key as $place | .value | called($place) | some(3))"] | if . == [] then "" elif $nameless then "only where (sensitive)" else "only where " + some(5) end;
  def described($side): [controls($side), (listed($side; test("\\Ausers\\.included_")) | if . == "" then "workload identities" else . end),
    (listed($side; test("(\\A|\\.)excluded_")) | select(. != "") | "except " + .), (limits($side) | select(. != ""))] | join(" ");
  def why($past): [$past, described($after)] | map(select(. != "")) | join("; ") | "\($policy) (\(.))";
  # Destroyed, or only forgotten.
  if does("forget") or (does("delete") and $change.before.on_destroy == "keep") then {rank: 5, deed: "policy no longer managed, left as it is", $policy}
  elif does("delete") then
    {rank: (if $change.before.state == "enabled" or hidden($change; "state") then 1 else 6 end), gone: ($change.before.state == "enabled"),
      deed: (if $change.before.state == "enabled" then "no longer in force" else "policy deleted or disabled" end),
      policy: "\($policy) (\(if $change.before.on_destroy == "disable" then "disabled by the destroy" else "deleted" end))"}
  else empty end,
  if $after == null then empty else
    unknown($change; "state") as $later
    | (if $later then null else $after.state end) as $state
    | ($before.state == "enabled" or $state == "enabled" or $later) as $matters
    # In force or not.
    | (if $before.state == "enabled" and $later then {rank: 1, deed: "may be no longer in force, which is not known before the apply", $policy}
      elif $before.state == "enabled" and $state != "enabled" then {rank: 1, gone: true, deed: "no longer in force", policy: "\($policy) (\($state | state))"}
      elif $state == "enabled" and $before.state != "enabled" then {rank: 5, came: true, deed: "enabled", policy: why(if $before == null then "new" else "before: \($before.state | state)" end)}
      elif $later then empty
      elif $before == null then {rank: 6, deed: "new policy, \($state | state)", policy: $policy}
      elif $before.state != $state then {rank: 6, deed: "policy \($before.state | state) -> \($state | state)", $policy} else empty end),
    (if $after.allow_emergency_access == true and $before.allow_emergency_access != true then {rank: 2, deed: "may apply to emergency access accounts", $policy} else empty end),
    # Whom, what and where it is about.
    (if $before == null then empty else
      ($before.conditions | leaves("")) as $had | ($after.conditions | leaves("")) as $has
      | def everything($place): ($has["users.included_users"] // [] | index("All")) != null and ($place | startswith("users."))
          or ($has["applications.included_applications"] // [] | index("All")) != null and ($place | startswith("applications."));
      (part($change.after_unknown; "conditions")) as $mask
      | def list($places; deed): reduce $places[] as $place ([]; . + ($place | deed)) | select(. != []) | if $nameless then "(sensitive)" else some(10) end;
      ([$had + $has | keys[]]) as $places
      | [$places[] | select(test("(\\A|\\.)excluded_"))] as $excluding | [$places[] | select(test("\\A(users|applications|client_applications)\\.included_"))] as $including
      | (list($excluding; . as $place | ($has[$place] // [] | besides($had[$place]) | called($place))) | {rank: 2, excluded: true, deed: "excluded from", who: ., $policy}),
        (list($including; . as $place | if everything($place) or ($mask | hazy($place)) then [] else $had[$place] // [] | besides($has[$place]) | called($place) end) | {rank: 3, deed: "no longer included in", who: ., $policy}),
        (list($including; . as $place | ($has[$place] // [] | besides($had[$place]) | called($place))) | {rank: 6, deed: "included in", who: ., $policy}),
        (list($excluding; . as $place | if $mask | hazy($place) then [] else $had[$place] // [] | besides($has[$place]) | called($place) end) | {rank: 6, deed: "no longer excluded from", who: ., $policy}),
        # What it asks for, and under which other conditions.
        ([{side: "conditions", places: ($places - $excluding - $including)}, {side: "grant_controls", places: null}, {side: "session_controls", places: null}
          | .side as $side | ($before[$side] | leaves("")) as $old | ($after[$side] | leaves("")) as $new
          | (.places // ($old + $new | keys))[] as $place | select((part($change.after_unknown; $side) | hazy($place)) or ($old[$place] // [] | sort) == ($new[$place] // [] | sort) | not)
          | def shown: if hidden($change; $side) then "(sensitive)" elif . == null or . == [] then "(none)" else sort | map(word) | some(5) end;
          "\($side).\($place) \($old[$place] | shown) -> \($new[$place] | shown)"]
          | select(. != []) | {rank: (if $matters then 3 else 6 end), deed: "", who: some(10), $policy})
    end)
  end;

# accesses: the lines of the deeds of access.
def accesses: group_by([.rank, .deed, .who])[] | .[0] as $one | (map(.policy) | unique) as $all
  | {rank: $one.rank, text: (
    if $one.who == null then "\($one.deed): \($all | some(10))"
    else [($one.deed | select(. != "")), (if ($all | length) == 1 then $all[0] else "\($all | length | grouped) policies (\($all | some(5)))" end)] | join(" ") + ": \($one.who)" end)};

# later: what of the attributes that decide is not known before the apply.
def later:
  .change as $change | {
    entramfa_user_mfa_state: ["state", "user_id", "user_principal_name", "id"], entramfa_user_mfa_states: ["users"],
    entramfa_registration_policy: ["state", "include", "exclude"], entramfa_trusted_ips: ["ip_ranges"], entramfa_trusted_ip_range: ["ip_range"],
    entramfa_country_location: ["countries"], entramfa_conditional_access_policy: ["state", "conditions", "grant_controls", "session_controls"]
  }[.type] // [] | map(select(. as $one | unknown($change; $one)));

# announced: of the provider's warnings about the users of a plan, how many are adopted and how many lose MFA, by the address of the resource; null
# without the lines of `plan -json`. The summary is "Per-user MFA: 24 gain it, 1 is adopted (adele@contoso.com), 2 are left as they are", as the
# page of entramfa_user_mfa_states documents it. A name in it has no space.
def count($what): ([capture("\\APer-user MFA: (.*, )?(?<n>[0-9]+) (\($what))( \\([^ ]+\\))?(, .*)?\\z").n | tonumber] | add) // 0;
def announced:
  [.[] | fromjson? | objects] | if . == [] then null else
    reduce (.[] | .diagnostic | objects | select(.severity == "warning" and (.address | type == "string") and (.summary | type == "string"))) as $one ({};
      ($one.summary | {adopted: (if . == "A user is adopted as they are" then 1 else count("is adopted|are adopted") end), loses: count("loses it|lose it")}) as $counts
      | .[$one.address] |= {adopted: ((.adopted // 0) + $counts.adopted), loses: ((.loses // 0) + $counts.loses)}) end;

def readable: type == "object" and ((.format_version | type) == "string") and (.format_version | test("\\A1\\."))
  and ((.resource_changes // []) | type == "array" and all(.[]; (.address | type == "string") and (.type | type == "string") and (.change.actions | type == "array")));

# effects: the digest of a plan, {numbers, lines}, what is most dangerous first. $announced is the answer of announced.
def effects($announced):
  if readable | not then
    {numbers: null, lines: ["This plan cannot be summed up: its format version is \(if type == "object" then .format_version // "missing" | word else "missing" end), and 1.x is known. Read all of it."]}
  else . as $plan
  | [.resource_changes[]? | select(.mode == "managed" and ours)] as $all
  | [$all[] | select(changed)] as $changed
  | ["entramfa_user_mfa_state", "entramfa_user_mfa_states"] as $people
  # What another provider version, or a plan that somebody has edited, has in another shape must not look like nothing.
  | [$all[] | select(.type as $type | $people | index($type)) | . as $one | (try [fates | . + {changed: ($one | changed)}] catch [{fate: "unread", address: $one.address}])[]] as $fates
  # A person whom one resource lets go and another one wants keeps MFA. Who they are says the id, where it is known: the same name may be that of
  # somebody else in another tenant.
  | (reduce ($all[] | select(.type as $type | $people | index($type)) | . as $one | (try [side(.type; .change; .change.after; .change.after_unknown)[]] catch [])[]
      | select(.state == "enabled" or .state == "enforced")) as $person ({}; .[$person.id // $person.key] = true)) as $claimed
  | (reduce ($fates[] | select(.fate == "loses" or .fate == "left")) as $person ({}; .[$person.id // $person.key] = true)) as $released
  | def among($names): $names[.id // .key // ""] == true;
  [$fates[] | select(.changed or .fate == "unread")
    | if .fate == "loses" and .new != true and among($claimed) then .fate = "moves" elif .fate == "asked" and .new == true and among($released) then .fate = "moved" else . end] as $fates
  # Of the new users of a new resource who are to be disabled, the provider says how many lose MFA by that.
  | ([$fates[] | select(.untold)] | group_by(.address) | map({key: .[0].address, value: length}) | from_entries) as $untold
  | [$fates[] | if .untold and $announced != null then ($announced[.address].loses // 0) as $loses
      | if $loses == 0 then .fate = null elif $loses >= $untold[.address] then .fate = "loses" else . end else . end] as $fates
  | def with($fate): [$fates[] | select(.fate == $fate)];
  # Of a resource the provider says how many of the new are adopted, and their names only up to a bound.
  (with("asked") | map(select(.new)) | group_by(.address) | map({key: .[0].address, value: {new: length, adopted: ([length, $announced[.[0].address].adopted // 0] | min)}}) | from_entries) as $new
  | def partly: .new and ($new[.address] | .adopted > 0 and .adopted < .new);
  def taken: .new and ($new[.address] | .adopted == .new);
  (with("asked") | map(select(taken | not))) as $asked
  | (with("adopted") + (with("asked") | map(select(taken)))) as $had
  | ([$new[] | select(.adopted < .new).adopted] | add // 0) as $unnamed
  | (($asked | length) - $unnamed) as $askedCount | (($had | length) + $unnamed) as $hadCount
  | def listed($people; $most):
      ([$people[] | select(partly | not).who]) as $names | ([$people[] | select(partly).address] | unique) as $mixed
      | [if $names == [] then empty else $names | some($most) end,
         ($mixed | .[:3][] | . as $address | "\($new[.].new - $new[.].adopted) of the \($new[.].new) new in \($address | place)"),
         if ($mixed | length) > 3 then "\(($mixed | length) - 3) more resources" else empty end] | join("; ");
  (try ($plan | trust) catch [{unread: ["the trusted locations"], added: {ipv4: 0, ipv6: 0}, removed: {ipv4: 0, ipv6: 0}, gaining: [], losing: []}]) as $trust
  | def total(value): [$trust[] | value] | add // 0;
  def sizes($sign; $ipv4; $ipv6): [if $ipv4 > 0 then "\($sign)\($ipv4 | grouped) trusted IPv4 \(if $ipv4 == 1 then "address" else "addresses" end)" else empty end,
      if $ipv6 > 0 then "\($sign)\($ipv6 | grouped) trusted IPv6 /64 \(if $ipv6 == 1 then "network" else "networks" end)" else empty end] | join(", ");
  def places: map((.address | place) + (if .who == "" then "" else " " + .who end)) | some(5);
  total(.added.ipv4) as $added4 | total(.added.ipv6) as $added6 | total(.removed.ipv4) as $removed4 | total(.removed.ipv6) as $removed6
  | [$changed[] | . as $one | (try [
      if .type == "entramfa_registration_policy" then policy else empty end,
      if .type == "entramfa_country_location" then countries else empty end,
      (later | select(. != []) | {rank: 4, text: "not known before the apply: \($one.address | place) (\(join(", ")))"}),
      (settings | select(. != []) | {rank: 7, text: "\($one.address | place): \(some(10))"})]
      catch [{rank: 0, text: "not understood, read the plan: \($one.address | place): \($one | actions)"}])[] | . + {address: $one.address}] as $others
  | [$changed[] | select(.type == "entramfa_conditional_access_policy") | . as $one
      | (try [access] catch [{rank: 0, deed: "not understood, read the plan", policy: ($one.address | place)}])[] | . + {address: $one.address}] as $policies
  # What nothing above speaks of is named, whatever it is.
  | (reduce (($fates[] | select(.fate != null)), $others[], $policies[], $trust[].gaining[], $trust[].losing[]) as $one ({}; .[$one.address] = true)) as $spoken
  | [$changed[] | select($spoken[.address] | not)] as $rest
  | [.resource_changes[]? | select(.mode == "managed" and (ours | not) and changed)] as $foreign
  | [.action_invocations[]? | select((.type // "") | startswith("entramfa_")) | .address // .type] as $invoked
  | {
    numbers: {loses: (with("loses") | length), may_lose: (with("mayLose") | length), asked: $askedCount, enforced: (with("enforced") | length), adopted: $hadCount,
      trusted_ipv4: {added: $added4, removed: $removed4}, trusted_ipv6: {added: $added6, removed: $removed6},
      policies: {enabled: ([$policies[] | select(.came)] | length), no_longer_in_force: ([$policies[] | select(.gone)] | length), with_new_exclusions: ([$policies[] | select(.excluded)] | length)},
      other_providers: ($foreign | length)},
    lines: ([
      if .errored == true then {rank: 0, text: "the plan ended with an error, so this is only a part of what would change"} else empty end,
      if .complete == false and .errored != true then {rank: 0, text: "the plan leaves out a part of the configuration (-target, -exclude or deferred changes)"} else empty end,
      (with("unread") + [$trust[].unread[] | {address: .}] | select(. != []) | {rank: 0, text: "not understood, read the plan: \(map(.address | place) | some(10))"}),
      (with("loses") | select(. != []) | {rank: 1, text: "\(length | grouped) \(if length == 1 then "loses" else "lose" end) MFA: \(map(.who + (if .was == null then "" else " (\(.was | word))" end)) | some(10))"}),
      (with("mayLose") | select(. != []) | {rank: 1, text: "\(length | grouped) may lose MFA, which is not known before the apply: \(map(.who) | some(10))"}),
      (sizes("+"; $added4; $added6) | select(. != "") | {rank: 2, text: "\(.): \([$trust[].gaining[]] | places)"}),
      ([.deferred_changes[]? | select(.resource_change | ours).resource_change.address | place] | select(. != []) | {rank: 4, text: "deferred to a later plan: \(some(10))"}),
      (with("enforced") | select(. != []) | {rank: 5, text: "+\(length | grouped) enforced directly: \(map(.who) | some(5))"}),
      ($asked | select($askedCount > 0) | {rank: 5, text: "+\($askedCount | grouped) asked for MFA: \(listed(.; 5))"}),
      (if $hadCount == 0 then empty else
        {rank: 5, text: "\($hadCount | grouped) adopted, with the state they have\(if $had == [] then "" else ": " + ($had | map(.who) | some(5)) end)"} end),
      (with("moves") | select(. != []) | {rank: 5, text: "\(length | grouped) \(if length == 1 then "moves" else "move" end) to another resource and \(if length == 1 then "keeps" else "keep" end) MFA: \(map(.who) | some(5))"}),
      (with("left") | select(. != []) | {rank: 5, text: "\(length | grouped) no longer managed, left as they are: \(map(.who) | some(5))"}),
      (sizes("-"; $removed4; $removed6) | select(. != "") | {rank: 6, text: "\(.): \([$trust[].losing[]] | places)"}),
      ($rest | map(select(.change.actions == ["no-op"] | not)) + map(select(.change.actions == ["no-op"])) | select(. != [])
        | ([.[] | select(does("delete"))] + [.[] | select(does("delete") | not)]) as $ordered
        | {rank: 7, text: "also: \($ordered[:20] | map("\(.address | place) (\(if .change.importing != null then "import" + (if actions == "no-op" then "" else " and " + actions end) else actions end))") | join(", "))\(if ($ordered | length) > 20 then " and \(($ordered | length) - 20) more" else "" end)"}),
      ($invoked | select(. != []) | {rank: 7, text: "runs: \(map(place) | some(10))"}),
      ([$all[] | select((changed | not) and .previous_address != null)] | select(. != []) | {rank: 8, text: "\(length | grouped) moved in the state, and nothing else"}),
      ($foreign | select(. != []) | {rank: 9, text: "\(length | grouped) \(if length == 1 then "object" else "objects" end) of other providers: \(group_by(actions) | map("\(length | grouped) \(.[0] | actions)") | join(", "))"}),
      $others[], ($policies | accesses)
    ] | to_entries | sort_by([.value.rank, .key]) | map(.value.text))
  } | if .lines == [] then .lines = ["Nobody gains or loses MFA, and nothing is newly trusted or excluded."] else . end
  end;
