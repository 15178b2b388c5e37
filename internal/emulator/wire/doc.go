// Package wire is how answers get to the caller: the answer itself, compression, the faults that damage an answer on its
// way, and the names by which the emulator is addressed. Sign-in and Microsoft Graph share it. It knows nothing of tenants.
package wire
