package sandbox

import (
	"flag"
	"fmt"
)

// Programs is what the flags say of the programs to drive, and of the folder to work in.
type Programs struct {
	CLI             string
	Provider        string
	ProviderVersion string
	Emulator        string
	Work            string
}

// Define adds the flags.
func (p *Programs) Define(flags *flag.FlagSet) {
	flags.StringVar(&p.CLI, "cli", "", "`path` of the Terraform or OpenTofu CLI")
	flags.StringVar(&p.Provider, "provider", "", "`path` of the provider")
	flags.StringVar(&p.ProviderVersion, "provider-version", "0.1.0", "`version` as which the provider is installed")
	flags.StringVar(&p.Emulator, "emulator", "", "`path` of entra-emulator")
	flags.StringVar(&p.Work, "work", "", "`folder` to work in; it is emptied first")
}

// Parse parses the arguments of a program and refuses those that are no flags, and a call that leaves out what has no
// default. The program has a target of its name in the Makefile.
func (p *Programs) Parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; --help lists the flags", flags.Arg(0))
	}
	for _, required := range []struct{ name, value string }{
		{"cli", p.CLI},
		{"provider", p.Provider},
		{"emulator", p.Emulator},
		{"work", p.Work},
	} {
		if required.value == "" {
			return fmt.Errorf("--%s is missing; `make %s` sets all of them", required.name, flags.Name())
		}
	}
	return nil
}
