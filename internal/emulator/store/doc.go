// Package store is the data of the emulated tenant, and how replicas lag behind it. Data is reached in a transaction only:
// everything takes a [Tx], and [Store.View] or [Store.Update] give a Tx. It knows no Graph entity: entities that are
// plain lists of objects keep them in a [Collection], and entities that exist once in a [Singleton].
package store
