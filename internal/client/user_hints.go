package client

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"
)

// MaxUserHints is how many hints of other users go with one. A user nobody hinted at costs a round trip of their own; of
// n users observed in any order these are about n/32 with 31 hints, so that they and the hinted ones fill batches, while
// a hint takes about 38 bytes in a state file. adr/0001-read-ahead.md has the figures.
const MaxUserHints = 31

// userHintsVersion is the version of the form below.
const userHintsVersion = 1

// userHints is how hints are kept: a program's memory of at most a kilobyte in its state.
type userHints struct {
	Version int `json:"v"`
	// IDs are 16 bytes for each object id.
	IDs string `json:"ids"`
}

// EncodeUserHints writes object ids down as a JSON text, leaves out what is none and what goes beyond MaxUserHints, and
// returns nil where nothing is left.
func EncodeUserHints(ids []string) []byte {
	var all []byte
	for _, text := range ids {
		if id, err := uuid.Parse(text); err == nil && len(all) < MaxUserHints*len(id) {
			all = append(all, id[:]...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	// Two plain fields cannot fail.
	text, _ := json.Marshal(userHints{Version: userHintsVersion, IDs: base64.RawStdEncoding.EncodeToString(all)})
	return text
}

// DecodeUserHints reads what EncodeUserHints wrote. Of a text that is damaged, or of a later version, nothing is taken:
// hints are a matter of speed only.
func DecodeUserHints(text []byte) []string {
	var hints userHints
	if json.Unmarshal(text, &hints) != nil || hints.Version != userHintsVersion {
		return nil
	}
	all, err := base64.RawStdEncoding.DecodeString(hints.IDs)
	if err != nil || len(all)%len(uuid.UUID{}) != 0 || len(all) > MaxUserHints*len(uuid.UUID{}) {
		return nil
	}
	var ids []string
	for ; len(all) > 0; all = all[len(uuid.UUID{}):] {
		ids = append(ids, uuid.UUID(all[:len(uuid.UUID{})]).String())
	}
	return ids
}
