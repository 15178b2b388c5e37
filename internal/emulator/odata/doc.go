// Package odata is the part of OData that Microsoft Graph has: query options, filters, searches, sorting, paging and the
// writing of JSON. It is pure: it knows neither requests nor tenants, and no entity but what a [Type] says.
//
// https://learn.microsoft.com/graph/query-parameters
package odata
