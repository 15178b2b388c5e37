// Package graphapi is Microsoft Graph: its resources as rows of one table, and behind them the entities, one file for each.
//
// A row says what can be done with a resource: method, path, class of throttling, permissions, query options, cost, in which
// clouds and versions it is absent, and the handler, which gets a transaction. What a request goes through before and after
// that (sign-in, limits, faults, the log, $batch) is the same for all and stands in [Service].
//
// An entity that is a plain list of objects is a [collection], and one that exists once is a [singleton]: data, from which
// its rows follow, its part of the control API, of the tenant file, of a snapshot, and of the schema of tenant files.
package graphapi
