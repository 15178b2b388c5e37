package client

import (
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// Names of the rooms below.
type (
	// IPRangeCount is iprange.Count.
	IPRangeCount = iprange.Count
	// IPRange is iprange.Range.
	IPRange = iprange.Range
	// ChangedError is mfa.ChangedError.
	ChangedError = mfa.ChangedError
	// MFAState is mfa.State.
	MFAState = mfa.State
	// TransitionError is mfa.TransitionError.
	TransitionError = mfa.TransitionError
	// TransitionFacts is mfa.TransitionFacts.
	TransitionFacts = mfa.TransitionFacts
	// TransitionReason is mfa.TransitionReason.
	TransitionReason = mfa.TransitionReason
)

// Names of the rooms below.
const (
	MaxIPRanges = iprange.MaxIPRanges
	MFADisabled = mfa.Disabled
	MFAEnabled  = mfa.Enabled
	MFAEnforced = mfa.Enforced
)

// Names of the rooms below.
var (
	// Cover is iprange.Cover.
	Cover = iprange.Cover
	// IPRangesFromText is iprange.FromText.
	IPRangesFromText = iprange.FromText
	// NormalizeIPRange is iprange.Normalize.
	NormalizeIPRange = iprange.Normalize
	// OverlappingIPRanges is iprange.Overlapping.
	OverlappingIPRanges = iprange.Overlapping
	// ParseIPRange is iprange.Parse.
	ParseIPRange = iprange.Parse
	// ReadIPRanges is iprange.Read.
	ReadIPRanges = iprange.Read
	// SameIPRanges is iprange.Same.
	SameIPRanges = iprange.Same
	// OverwritesAChange is mfa.OverwritesAChange.
	OverwritesAChange = mfa.OverwritesAChange
	// ParseMFAState is mfa.ParseState.
	ParseMFAState = mfa.ParseState
	// PlanTransition is mfa.PlanTransition.
	PlanTransition = mfa.PlanTransition
	// MFAStates is mfa.States.
	MFAStates = mfa.States
	// NameInQuotes is redact.NameInQuotes.
	NameInQuotes = redact.NameInQuotes
	// QuotedName is redact.QuotedName.
	QuotedName = redact.QuotedName
	// ShownName is redact.ShownName.
	ShownName = redact.ShownName
	// ShownText is redact.ShownText.
	ShownText = redact.ShownText
)
