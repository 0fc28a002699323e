package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/terraform-providers/terraform-provider-docker/lab/command/output"
)

// Logging says which of the command's streams are shown while it runs.
type Logging string

// Values are the words that the schema allows.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "Stdout", Value: output.Stdout},
		{Name: "Stderr", Value: output.Stderr},
		{Name: "StdoutAndStderr", Value: output.StdoutAndStderr},
		{Name: "None", Value: output.None},
	}
}

// Command runs a command on this machine when it is created, updated and deleted.
type Command struct{}

// CommandArgs are its inputs.
type CommandArgs struct {
	Create                 *string           `pulumi:"create,optional"`
	Update                 *string           `pulumi:"update,optional"`
	Delete                 *string           `pulumi:"delete,optional"`
	Interpreter            *[]string         `pulumi:"interpreter,optional"`
	Dir                    *string           `pulumi:"dir,optional"`
	Environment            map[string]string `pulumi:"environment,optional"`
	Stdin                  *string           `pulumi:"stdin,optional"`
	Triggers               *[]any            `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Logging                *Logging          `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
	AssetPaths             *[]string         `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string         `pulumi:"archivePaths,optional"`
}

// CommandState is what is kept: the inputs, what the last command printed, and the files that were asked for.
type CommandState struct {
	CommandArgs
	Stdout  string                      `pulumi:"stdout"`
	Stderr  string                      `pulumi:"stderr"`
	Assets  *map[string]*resource.Asset `pulumi:"assets,optional"`
	Archive *resource.Archive           `pulumi:"archive,optional"`
}

// Create runs `create`. Where that fails nothing is kept, so that the next update runs it again.
func (Command) Create(
	ctx context.Context, r infer.CreateRequest[CommandArgs],
) (infer.CreateResponse[CommandState], error) {
	state := CommandState{CommandArgs: r.Inputs}
	if r.DryRun {
		return infer.CreateResponse[CommandState]{Output: state}, nil
	}
	if err := state.run(ctx, r.Inputs.Create); err != nil {
		return infer.CreateResponse[CommandState]{}, err
	}
	id, err := resource.NewUniqueHex(r.Name, 8, 0)
	return infer.CreateResponse[CommandState]{ID: id, Output: state}, err
}

// Update runs `update`, or else `create`, which find the previous output in their environment. Where that fails the
// old state stays.
func (Command) Update(
	ctx context.Context, r infer.UpdateRequest[CommandArgs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := r.State
	state.CommandArgs = r.Inputs
	if r.DryRun {
		return infer.UpdateResponse[CommandState]{Output: state}, nil
	}
	command := r.Inputs.Update
	if command == nil {
		command = r.Inputs.Create
	}
	if err := state.run(ctx, command); err != nil {
		return infer.UpdateResponse[CommandState]{}, err
	}
	return infer.UpdateResponse[CommandState]{Output: state}, nil
}

// Delete runs `delete`.
func (Command) Delete(ctx context.Context, r infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	return infer.DeleteResponse{}, r.State.run(ctx, r.State.CommandArgs.Delete)
}
