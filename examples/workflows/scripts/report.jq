# What the scripts next to this file make of a plan: jq functions, for jq 1.6 and later. All three forges share them.
#
# A plan holds text that others choose: names of users and locations, messages of the service. Somebody who may change such a name must not be
# able to write in the pipeline's name, to hide a line, or to command the runner that reads the log.

include "effects";

# hexadecimal: a code point as Go and Terraform write one that cannot be printed: \x1b, \u200b, \U000e0041.
def hexadecimal:
  def digits($count): . as $number | [range($count - 1; -1; -1) | . as $at | ($number / pow(16; $at) | floor) % 16]
    | map("0123456789abcdef"[.:. + 1]) | add;
  if . < 256 then "\\x" + digits(2) elif . < 65536 then "\\u" + digits(4) else "\\U" + digits(8) end;

# visible: the text with an escape for whatever shows nothing, moves the cursor or turns the direction of writing: control and format
# characters, line and paragraph separators, spaces other than the common one, what Unicode calls ignorable, private use, and the two
# symbols that are drawn blank. The controls of hieroglyphs are newer than some a jq. Line feeds and tabs stay.
def visible:
  "[\\p{Cc}\\p{Cf}\\p{Co}\\p{Zl}\\p{Zp}\\p{Zs}\\p{Default_Ignorable_Code_Point}\\x{2800}\\x{1d159}\\x{13430}-\\x{1345f}]" as $hidden
  | split("\n") | map(
      if test("[^\\x20-\\x7e]") then
        [explode[] | if . == 9 or . >= 32 and . < 127 then . elif ([.] | implode | test($hidden)) then hexadecimal | explode[] else . end] | implode
      else . end)
  | join("\n");

# harmless: the visible text without commands to a runner. GitHub's begin a line with "::" or hold "##[", Azure's hold "##vso[". GitLab's
# need an escape character, which is gone.
def harmless:
  visible | split("##") | join("#\\x23")
  | split("\n") | map(if contains("::") and test("^[ \t]*::") then sub("::"; "\\x3a:") else . end) | join("\n");

# units: how long a forge may find a text, in UTF-16 code units; no other way to count characters gives more.
def units: [explode[] | if . > 65535 then 2 else 1 end] | add // 0;

# cut: the text of harmless, as many lines from the beginning as have together at most so many units, and how many there were. A text with
# escapes is never shorter than without, so what is far beyond the limit is left out before the work begins.
def cut($limit; escape):
  sub("\n+$"; "") | (split("\n") | length) as $count | (length > $limit) as $long
  | (if $long then .[:$limit] else . end) | escape | (if . == "" then [""] else split("\n") end) as $all
  | (if $long and ($all | length) > 1 then $all[:-1] else $all end) as $lines
  | (reduce $lines[] as $line ({left: $limit, kept: [], full: false};
      if .full then . else
        (($line | units) + 1) as $needed
        | if $needed <= .left then .left -= $needed | .kept += [$line] else .full = true end
      end)) as $result
  # Of a first line that is too long itself, its beginning.
  | (if $result.kept == [] then [$lines[0] | explode[:$limit / 2 | floor] | implode] else $result.kept end) as $kept
  | {text: ($kept | join("\n")), shown: ($kept | length), lines: $count, cut: ($long or $result.full)};

# fenced: the text as one block of Markdown, of at most so many units without the fence. Three backticks in a row, which could end the block,
# become escapes; with two columns before it no line is a quick action of GitLab's. GitHub and GitLab look for no mentions and references in a
# block; where that is not certain, $references makes escapes of what begins them.
def fenced($limit; $references):
  def escaped($mark; $before; $escape): split($mark) | .[:1] + (.[1:] | map((if test($before) then $escape else $mark end) + .)) | join("");
  cut($limit; harmless
    | split("```") | join("\\x60\\x60\\x60")
    | if $references then escaped("@"; "^<"; "\\x40") | escaped("#"; "^[0-9]"; "\\x23") | escaped("!"; "^[0-9]"; "\\x21") else . end
    | split("\n") | map(if . == "" then . else "  " + . end) | join("\n"))
  | .length = (.text | units) | .text = "```text\n" + .text + "\n```\n";

# block: the same with a line before it where the text is cut.
def block($limit; $references):
  fenced($limit; $references)
  | (if .cut then "The text is too long for this place. These are lines 1 to \(.shown) of \(.lines); the run has all of it.\n\n" else "" end) + .text;

# digest: what is to be known of a plan without reading it, from the JSON of `show -json`.
#
# counts   how many objects are imported, created, changed, destroyed and forgotten
# objects  the addresses of the objects that differ. Data sources and outputs are none
# checks   the checks that do not pass: failed, could not be evaluated, or not known before an apply
def digest:
  [.resource_changes[]? | select(.mode == "managed" and (.change.actions != ["no-op"] or .change.importing != null))] as $changes
  | ($changes | map(.change.actions[])) as $actions
  | def count($action): $actions | map(select(. == $action)) | length;
  {
    counts: {import: ($changes | map(select(.change.importing != null)) | length), add: count("create"), change: count("update"),
      destroy: count("delete"), forget: count("forget")},
    objects: ($changes | map(.address)),
    checks: [.checks[]? | select(.status != "pass") | .address.to_display as $of
      | (.instances // [] | map(select(.status != "pass"))) as $instances
      | (if $instances == [] then [{status}] else $instances end)[]
      | {address: (.address.to_display // $of), status, problems: [.problems[]?.message]}]
  };

# title: one line about a digest, and about what plan.sh calls the result.
def title($result):
  (.checks | map(select(.status == "fail" or .status == "error")) | length) as $failed
  | .counts as $n
  | (if .objects == [] then (if $result == "changes" then "Only outputs or data sources change" else "No changes" end)
     else "Plan: "
       + ([if $n.import > 0 then "\($n.import) to import" else empty end, "\($n.add) to add", "\($n.change) to change", "\($n.destroy) to destroy",
           if $n.forget > 0 then "\($n.forget) to forget" else empty end] | join(", ")) + "."
     end)
  | if $failed == 0 then . else rtrimstr(".") + (if $failed == 1 then ", 1 check fails" else ", \($failed) checks fail" end) end;

# findings: the checks of a digest that do not pass, a paragraph.
def findings:
  .checks | if . == [] then empty else
    "Checks that do not pass:\n" + (map("  \(.address): "
      + (if .status == "unknown" then "not known before an apply" elif .status == "error" then "could not be evaluated" else "failed" end)
      + (.problems | map("\n    " + gsub("\n"; "\n    ")) | add // "")) | join("\n")) + "\n"
  end;

# noted: the errors and warnings among the lines of `plan -json`.
def noted:
  map(fromjson? | objects)
  | map(if (.diagnostic | type) == "object" then .diagnostic | {
        severity, summary, detail: (.detail // ""), code: (.snippet.code // ""),
        place: ([if .address then "with " + .address else empty end,
          if .range then "on \(.range.filename) line \(.range.start.line)" + (if .snippet.context then ", in " + .snippet.context else "" end) else empty end]
          | join(", "))
      }
    elif ."@level" == "error" or ."@level" == "warn" then
      {severity: (if ."@level" == "error" then "error" else "warning" end), summary: ."@message", detail: "", code: "", place: ""}
    else empty end);

# together: what has the same key once, with all places, errors first.
def together(key):
  reduce .[] as $one ({order: [], places: {}};
      ($one | key | tojson) as $key
      | (if .places[$key] then . else .order += [$key] end) | .places[$key] += [$one.place])
  | .places as $places
  | .order | map(. as $key | fromjson + {places: $places[$key]})
  | map(select(.severity == "error")) + map(select(.severity != "error"));
def heading: (if .severity == "error" then "Error: " else "Warning: " end) + (.summary | gsub("\n"; "\n  ")) + "\n";

# diagnostics: errors and then warnings, from the lines of `plan -json`, as text. Equal ones are told once, with all objects that have them.
# What is not an event of the CLI is told as it is.
def diagnostics:
  (map(select([fromjson? | objects] == []) | . + "\n") | add // ""),
    (noted | together({severity, summary, detail, code})[]
  | heading
    + (.places | map(select(. != "") | "  " + . + "\n") | add // "")
    + (if .code == "" then "" else "  " + (.code | gsub("\n"; "\n  ")) + "\n" end)
    + (if .detail == "" then "" else "\n  " + (.detail | gsub("\n"; "\n  ")) + "\n" end))
  | select(. != "");

# summaries: the same without details, for where those do not fit: each summary once, with the first objects that have it.
def summaries:
  noted | together({severity, summary}) | map(heading + (.places | map(select(. != "")) | if . == [] then "" else "  " + some(3) + "\n" end)) | join("");

# summed: the digest with what the plan does and what the CLI says about it. $events are the lines of `plan -json`, $text is what is to be read of
# them.
def summed($events; $text):
  ($events | split("\n")) as $events
  | . as $plan | digest
  | . + {
    effects: (try ($plan | effects($events | announced)) catch {numbers: null, lines: ["This plan cannot be summed up: effects.jq failed. Read all of it."]}),
    warnings: ($text + ([findings + "\n"] | add // "")),
    summaries: (($events | summaries) + "\n" + ([findings + "\n"] | add // ""))
  };

# above: what stands above a plan.
def above: (.effects.lines | map(. + "\n") | add) + "\n" + .warnings;
def aboveInShort: (.effects.lines | map(. + "\n") | add) + "\n" + .summaries;

# whole: $plan with the details of warnings, or without them where both together are longer than $room.
def whole($plan; $room):
  above as $above
  | if ($above | harmless | units) + ($above | split("\n") | length) * 2 <= $room then $plan
    else "The details of the warnings do not fit here; the run has them.\n\n" + aboveInShort + ($plan | split("\n")[($above | split("\n") | length) - 1:] | join("\n")) end;

# comment: the digest and the warnings, and of the plan as much as there is room for after them. What is cut is the end of the plan. Where the
# warnings alone are too long, their details are left out, and where that does not do, it says so.
def comment($plan; $room; $references):
  ($room - 2000) as $most
  | above as $above | ($above | fenced($most; $references)) as $full
  | (if $full.cut then aboveInShort | fenced($most; $references) else $full end) as $first
  | (if $first.cut then "There are more warnings than there is room for. These are lines 1 to \($first.shown) of \($first.lines); the run has all of them.\n\n"
     elif $full.cut then "The details of the warnings do not fit here; the run has them.\n\n" else "" end)
  + $first.text + "\n<details><summary>Plan</summary>\n\n"
  + ($plan | split("\n")[($above | split("\n") | length) - 1:] | join("\n") | block($room - 1000 - $first.length; $references))
  + "\n</details>\n";
