// The plugin "random" for Pulumi, made of the Terraform provider that Pulumi's own plugin wraps and of the same bridge: what
// passwords and random strings are where the official plugin is reached.
// Its module's name lies below the provider's, whose code is internal to that name.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-random/internal/provider"
)

const name = "random"

// version is that of the npm package @pulumi/random; the build sets it.
var version string

// main serves the plugin to an engine. With the one argument "schema" it prints its schema instead, which it reads from
// the file schema.json beside itself when it serves: the generator looks for a project in the folder where it is started.
func main() {
	ctx := context.Background()
	mapped := mapping()
	if len(os.Args) == 2 && os.Args[1] == "schema" {
		if _, err := os.Stdout.Write(schemaOf(ctx, mapped)); err != nil {
			log.Fatal(err)
		}
		return
	}
	pf.Main(ctx, name, mapped, pf.ProviderMetadata{PackageSchema: storedSchema()})
}

func schemaOf(ctx context.Context, mapped tfbridge.ProviderInfo) []byte {
	generated, err := tfgen.GenerateSchema(ctx, tfgen.GenerateSchemaOptions{
		ProviderInfo: mapped,
		// Warnings are about documentation, which nobody reads here.
		DiagnosticsSink: diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never}),
		XInMemoryDocs:   true,
	})
	if err != nil {
		log.Fatal(err)
	}
	return generated.ProviderMetadata.PackageSchema
}

func storedSchema() []byte {
	executable, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	schema, err := os.ReadFile(filepath.Join(filepath.Dir(executable), "schema.json"))
	if err != nil {
		log.Fatal(err)
	}
	return schema
}

// mapping says what Pulumi calls the provider's resources, as the official plugin does (pulumi-random,
// provider/resources.go), for the types that Skep uses.
func mapping() tfbridge.ProviderInfo {
	return tfbridge.ProviderInfo{
		P:                pf.ShimProvider(provider.New()),
		Name:             name,
		Version:          version,
		GitHubOrg:        "hashicorp",
		UpstreamRepoPath: ".",
		MetadataInfo:     tfbridge.NewProviderMetadata([]byte("{}")),
		Resources: map[string]*tfbridge.ResourceInfo{
			"random_id":       {Tok: token("randomId", "RandomId")},
			"random_password": {Tok: token("randomPassword", "RandomPassword")},
			"random_string":   {Tok: token("randomString", "RandomString")},
		},
		IgnoreMappings: []string{"random_bytes", "random_integer", "random_pet", "random_shuffle", "random_uuid"},
	}
}

func token(file, resource string) tokens.Type {
	return tokens.Type(name + ":index/" + file + ":" + resource)
}
