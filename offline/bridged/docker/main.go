// The plugin "docker" for Pulumi, made of the Terraform provider that Pulumi's own plugin wraps and of the same bridge: what
// the networks, volumes and containers of a lab meet where the official plugin is reached.
// Its module's name lies below the provider's, whose code is internal to that name.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

const name = "docker"

// version is that of the npm package @pulumi/docker; the build sets it.
var version string

// main serves the plugin to an engine. With the one argument "schema" it prints its schema instead, which it reads from
// the file schema.json beside itself when it serves: the generator looks for a project in the folder where it is started.
func main() {
	mapped := mapping()
	if len(os.Args) == 2 && os.Args[1] == "schema" {
		if _, err := os.Stdout.Write(schemaOf(mapped)); err != nil {
			log.Fatal(err)
		}
		return
	}
	tfbridge.Main(name, version, mapped, storedSchema())
}

func schemaOf(mapped tfbridge.ProviderInfo) []byte {
	generated, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo: mapped,
		// Warnings are about documentation, which nobody reads here.
		DiagnosticsSink: diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never}),
		XInMemoryDocs:   true,
	})
	if err != nil {
		log.Fatal(err)
	}
	schema, err := json.Marshal(generated.PackageSpec)
	if err != nil {
		log.Fatal(err)
	}
	return schema
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

// mapping says what Pulumi calls the provider's resources and fields, as the official plugin does (pulumi-docker,
// provider/resources.go), for the types that Skep uses.
func mapping() tfbridge.ProviderInfo {
	upstream := provider.New(version)()
	resources := map[string]*tfbridge.ResourceInfo{
		"docker_container": {
			Tok: token("container", "Container"),
			// A container's name is unique, so the old one goes first.
			DeleteBeforeReplace: true,
			Fields: map[string]*tfbridge.SchemaInfo{
				"command":           {Name: "command"},
				"networks_advanced": {Name: "networksAdvanced"},
			},
		},
		"docker_network": {Tok: token("network", "Network")},
		"docker_volume":  {Tok: token("volume", "Volume")},
	}
	left := []string{}
	for resource := range upstream.ResourcesMap {
		if resources[resource] == nil {
			left = append(left, resource)
		}
	}
	for source := range upstream.DataSourcesMap {
		left = append(left, source)
	}
	mapped := tfbridge.ProviderInfo{
		P:                shim.NewProvider(upstream),
		Name:             name,
		Version:          version,
		GitHubOrg:        "kreuzwerker",
		UpstreamRepoPath: ".",
		Config: map[string]*tfbridge.SchemaInfo{
			"host":          {Default: &tfbridge.DefaultInfo{EnvVars: []string{"DOCKER_HOST"}}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources:      resources,
		IgnoreMappings: left,
	}
	mapped.SetAutonaming(255, "-")
	return mapped
}

func token(file, resource string) tokens.Type {
	return tokens.Type(name + ":index/" + file + ":" + resource)
}
