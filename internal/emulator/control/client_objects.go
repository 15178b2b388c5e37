package control

import (
	"context"
	"net/http"
)

// The functions below are for every entity of the control API, by its name there, such as "authentication-contexts".

// List returns the objects of an entity as they really are, without those in the bin.
func List[T any](ctx context.Context, c *Client, entity string) ([]T, error) {
	var values []T
	return values, c.do(ctx, http.MethodGet, entity, nil, &values)
}

// Create adds an object, visible at once, and returns it with its id.
func Create[T any](ctx context.Context, c *Client, entity string, value T) (*T, error) {
	created := new(T)
	return created, c.do(ctx, http.MethodPost, entity, value, created)
}

// Get returns an object as it really is. An entity that exists once has no id.
func Get[T any](ctx context.Context, c *Client, entity, id string) (*T, error) {
	value := new(T)
	return value, c.do(ctx, http.MethodGet, objectPath(entity, id), nil, value)
}

// Patch changes an object; changes are anything that marshals to the properties to change. An entity that exists once has no id.
func Patch[T any](ctx context.Context, c *Client, entity, id string, changes any) (*T, error) {
	value := new(T)
	return value, c.do(ctx, http.MethodPatch, objectPath(entity, id), changes, value)
}

// Delete deletes an object, or moves it into the bin where there is one.
func Delete(ctx context.Context, c *Client, entity, id string) error {
	return c.do(ctx, http.MethodDelete, objectPath(entity, id), nil, nil)
}

func objectPath(entity, id string) string {
	if id == "" {
		return entity
	}
	return entity + "/" + key(id)
}
