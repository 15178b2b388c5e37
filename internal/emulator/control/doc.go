// Package control holds the JSON types of the emulator's control API and of tenant files, a small client for it, and the half
// of its server that needs no tenant: endpoints, the log of requests, the list of faults.
//
// The control API lives under /_emulator/ on the emulator's own host. It is what a test or a demonstration uses to do
// what is done to a real tenant by other people and by the service itself: seed it, register a method for a user,
// change a state behind Terraform's back, make the next requests fail, and see which requests arrived.
// GET /_emulator/ lists every endpoint. Bodies are JSON with exactly the fields of the types in this package;
// an unknown field is refused with 400 and its place, so that a misspelled setting cannot pass unnoticed.
// Answers that report a failure are {"error": "..."} and become [*Error].
//
// Control requests are immediate: they see no latency, no replica lag, no throttling and no faults, and they do not
// appear in the request log.
package control
