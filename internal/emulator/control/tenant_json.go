package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// plainTenant is a Tenant without its Objects.
type plainTenant Tenant

// MarshalJSON writes the Objects beside the fields.
func (t Tenant) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(plainTenant(t))
	if err != nil || len(t.Objects) == 0 {
		return data, err
	}
	for _, name := range slices.Sorted(maps.Keys(t.Objects)) {
		value, err := json.Marshal(t.Objects[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		data = bytes.TrimSuffix(data, []byte("}"))
		if len(data) > 1 {
			data = append(data, ',')
		}
		data = fmt.Appendf(data, "%q:%s}", name, value)
	}
	return data, nil
}

// quick is the tenant as what marshals fastest: encoding/json looks twice at what MarshalJSON returns, and tenants are large.
func (t *Tenant) quick() any {
	if t == nil || len(t.Objects) == 0 {
		return (*plainTenant)(t)
	}
	return t
}

// UnmarshalJSON reads what has no field into the Objects.
func (t *Tenant) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*plainTenant)(t)); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	t.Objects = nil
	for name, value := range members {
		if _, known := fieldsOf(tenantType)[name]; known {
			continue
		}
		if t.Objects == nil {
			t.Objects = map[string]any{}
		}
		t.Objects[name] = value
	}
	return nil
}

var tenantType = reflect.TypeFor[Tenant]()

// DecodeTenant decodes a tenant strictly. members are the types of the further members that it can have.
func DecodeTenant(data []byte, members map[string]reflect.Type) (*Tenant, error) {
	document, err := decodeDocument(data)
	if err != nil {
		return nil, err
	}
	if err := checkTenant(document, members); err != nil {
		return nil, err
	}
	tenant := &Tenant{}
	if err := json.Unmarshal(data, (*plainTenant)(tenant)); err != nil {
		return nil, err
	}
	object, _ := document.(map[string]any)
	for name := range members {
		if value, found := object[name]; found && value != nil {
			if tenant.Objects == nil {
				tenant.Objects = map[string]any{}
			}
			tenant.Objects[name] = value
		}
	}
	return tenant, nil
}

func checkTenant(document any, members map[string]reflect.Type) error {
	fields := maps.Clone(fieldsOf(tenantType))
	delete(fields, "-")
	maps.Copy(fields, members)
	object, ok := document.(map[string]any)
	if !ok {
		return mismatch("an object", document)
	}
	misfit := checkMembers(object, func(name string, member any) *shapeError {
		field, known := fields[name]
		if !known {
			return misshapen("unknown field; known here: %s", strings.Join(sortedNames(fields), ", "))
		}
		return checkShape(member, field)
	})
	if misfit != nil {
		return misfit
	}
	return nil
}

// ReadTenant reads a tenant file and checks it as a whole with validate. Errors name the line and the place, such as
// "line 12: users[3].id".
func ReadTenant(r io.Reader, members map[string]reflect.Type, validate func(*Tenant) error) (*Tenant, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	tenant, err := DecodeTenant(data, members)
	if err != nil {
		if misfit := (*shapeError)(nil); errors.As(err, &misfit) {
			return nil, withLines(data, err)
		}
		return nil, err
	}
	if err := validate(tenant); err != nil {
		return nil, withLines(data, err)
	}
	return tenant, nil
}
