//go:build tools

// Pins what setup builds Pulumi from, for networks that reach Go modules but not Pulumi's downloads.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
