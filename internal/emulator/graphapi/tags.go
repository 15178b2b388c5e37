package graphapi

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tags of the fields of an entity's type say what a value must be like. They are checked wherever a value is written, and
// are in the schema of tenant files:
//
//   - pattern: a regular expression that a text matches;
//   - values: what a text can be, separated by commas;
//   - most: how many characters a text, or elements a list, can have;
//   - least: the same for how few, such as 1 for what must not be empty;
//   - each: a regular expression that each text of a list matches;
//   - group: a name, where one of the fields of that name has to be there. It is in the schema only.
//
// Values of Graph's enumerations are tags as well. They are checked where Graph is written to, and not in a tenant file, which may have values of a preview:
//
//   - members: the values of a text, or of each text of a list;
//   - flags: the values that a text joins with commas, in the order in which Graph writes them.
//
// A text that is absent although it can be (omitempty) is not checked.
type fieldTags struct {
	pattern     string
	each        string
	values      []string
	most, least int
}

func tagsOf(field reflect.StructField) fieldTags {
	tags := fieldTags{pattern: field.Tag.Get("pattern"), each: field.Tag.Get("each")}
	if values := field.Tag.Get("values"); values != "" {
		tags.values = strings.Split(values, ",")
	}
	for name, target := range map[string]*int{"most": &tags.most, "least": &tags.least} {
		if text := field.Tag.Get(name); text != "" {
			if _, err := fmt.Sscan(text, target); err != nil {
				panic("emulator: the tag " + name + " of " + field.Name + " is not a number")
			}
		}
	}
	return tags
}

// tagProblems are what of a value does not fit the tags of its type. Each names its place.
func tagProblems(value reflect.Value, place string) []error {
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return nil
		}
		value = value.Elem()
	}
	var problems []error
	switch value.Kind() {
	case reflect.Slice:
		for i := range value.Len() {
			problems = append(problems, tagProblems(value.Index(i), fmt.Sprintf("%s[%d]", place, i))...)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			field := value.Type().Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" {
				continue // a type of another package, such as a time
			}
			if place != "" {
				name = place + "." + name
			}
			if !strings.Contains(options, "omit") || !value.Field(i).IsZero() {
				problems = append(problems, tagsOf(field).problems(value.Field(i), name)...)
			}
			problems = append(problems, tagProblems(value.Field(i), name)...)
		}
	}
	return problems
}

func (tags fieldTags) problems(value reflect.Value, place string) []error {
	var length int
	what := "elements"
	switch value.Kind() {
	case reflect.String:
		text := value.String()
		switch {
		case tags.pattern != "" && !regexp.MustCompile(tags.pattern).MatchString(text):
			return []error{fmt.Errorf("%s: %q does not match %s", place, text, tags.pattern)}
		case tags.values != nil && !slices.Contains(tags.values, text):
			return []error{fmt.Errorf("%s: %q is none of %s", place, text, strings.Join(tags.values, ", "))}
		}
		length, what = utf8.RuneCountInString(strings.TrimSpace(text)), "characters"
	case reflect.Slice:
		length = value.Len()
		for i := range length {
			if text := value.Index(i); tags.each != "" && !regexp.MustCompile(tags.each).MatchString(text.String()) {
				return []error{fmt.Errorf("%s[%d]: %q does not match %s", place, i, text, tags.each)}
			}
		}
	default:
		return nil
	}
	switch {
	case tags.least == 1 && length == 0:
		return []error{fmt.Errorf("%s: must not be empty", place)}
	case length < tags.least:
		return []error{fmt.Errorf("%s: %d %s; there must be %d", place, length, what, tags.least)}
	case tags.most > 0 && length > tags.most:
		return []error{fmt.Errorf("%s: %d %s; there can be %d", place, length, what, tags.most)}
	}
	return nil
}

// withTags checks a value by the tags of its type, and then by its own rules.
func withTags[T any](validate func(*T) error) func(*T) error {
	return func(value *T) error {
		problems := tagProblems(reflect.ValueOf(value), "")
		if validate != nil {
			problems = append(problems, validate(value))
		}
		return joined(problems)
	}
}

// enumerated calls visit with each field that is one of Graph's enumerations: its place, its known values, and the texts that it holds. set replaces
// the text of flags.
func enumerated(value reflect.Value, place string, visit func(place string, known, texts []string, set func(string))) {
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct {
		return
	}
	for i := range value.NumField() {
		tag, field := value.Type().Field(i).Tag, value.Field(i)
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		if place != "" {
			name = place + "." + name
		}
		members, flags := tag.Get("members"), tag.Get("flags")
		switch {
		case members != "" && field.Kind() == reflect.Slice:
			texts, _ := field.Interface().([]string)
			visit(name, strings.Split(members, ","), texts, nil)
		case members != "" && field.String() != "":
			visit(name, strings.Split(members, ","), []string{field.String()}, nil)
		case flags != "" && field.String() != "":
			visit(name, strings.Split(flags, ","), strings.Split(strings.ReplaceAll(field.String(), " ", ""), ","), field.SetString)
		default:
			enumerated(field, name, visit)
		}
	}
}

// writeFlags writes flags as Graph does: in Graph's spelling and order, and what is not known after them.
func writeFlags(value reflect.Value) {
	enumerated(value, "", func(_ string, known, texts []string, set func(string)) {
		if set == nil {
			return
		}
		written := slices.DeleteFunc(slices.Clone(known), func(flag string) bool { return !containsFold(texts, flag) })
		further := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return containsFold(known, text) })
		set(strings.Join(append(written, further...), ","))
	})
}

func containsFold(texts []string, wanted string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.EqualFold(text, wanted) })
}
