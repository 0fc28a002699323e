package remote

import (
	"context"
	"fmt"

	"github.com/pkg/sftp"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyToRemote copies a file, a text or a directory to a host. Deleting it leaves the copy there.
type CopyToRemote struct{}

// CopyToRemoteArgs are its inputs.
type CopyToRemoteArgs struct {
	Connection Connection           `pulumi:"connection" provider:"secret"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
	Triggers   *[]any               `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// CopyToRemoteState is what is kept.
type CopyToRemoteState struct {
	CopyToRemoteArgs
}

// Check refuses sources that cannot be copied as they are: those at a URL, and archives put together in the program.
func (CopyToRemote) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[CopyToRemoteArgs], error) {
	args, failures, err := infer.DefaultCheck[CopyToRemoteArgs](ctx, r.NewInputs)
	if err == nil && len(failures) == 0 {
		if reason := refuse(args.Source); reason != "" {
			failures = append(failures, p.CheckFailure{Property: "source", Reason: reason})
		}
	}
	return infer.CheckResponse[CopyToRemoteArgs]{Inputs: args, Failures: failures}, err
}

func refuse(source types.AssetOrArchive) string {
	asset, archive := source.Asset, source.Archive
	switch {
	case asset == nil && archive == nil:
		return "must be a FileAsset, a StringAsset or a FileArchive"
	case asset != nil && !asset.IsPath() && !asset.IsText():
		return "a RemoteAsset cannot be copied: it must be a FileAsset or a StringAsset"
	case archive != nil && !archive.IsPath():
		return "only a FileArchive can be copied: it must be the path of a directory or of an archive file"
	}
	return ""
}

// Create copies the source.
func (CopyToRemote) Create(
	ctx context.Context, r infer.CreateRequest[CopyToRemoteArgs],
) (infer.CreateResponse[CopyToRemoteState], error) {
	state := CopyToRemoteState{r.Inputs}
	if r.DryRun {
		return infer.CreateResponse[CopyToRemoteState]{Output: state}, nil
	}
	if err := r.Inputs.copy(ctx); err != nil {
		return infer.CreateResponse[CopyToRemoteState]{}, err
	}
	id, err := resource.NewUniqueHex(r.Name, 8, 0)
	return infer.CreateResponse[CopyToRemoteState]{ID: id, Output: state}, err
}

// Update copies again where the content or the destination differ; other changes, such as the connection's, only go
// into the state.
func (CopyToRemote) Update(
	ctx context.Context, r infer.UpdateRequest[CopyToRemoteArgs, CopyToRemoteState],
) (infer.UpdateResponse[CopyToRemoteState], error) {
	changed := hash(r.Inputs.Source) != hash(r.State.Source) || r.Inputs.RemotePath != r.State.RemotePath
	if changed && !r.DryRun {
		if err := r.Inputs.copy(ctx); err != nil {
			return infer.UpdateResponse[CopyToRemoteState]{}, err
		}
	}
	return infer.UpdateResponse[CopyToRemoteState]{Output: CopyToRemoteState{r.Inputs}}, nil
}

func hash(source types.AssetOrArchive) string {
	if source.Archive != nil {
		return source.Archive.Hash
	}
	return source.Asset.Hash
}

func (c CopyToRemoteArgs) copy(ctx context.Context) error {
	client, err := c.Connection.Dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	defer context.AfterFunc(ctx, client.Close)()
	files, err := sftp.NewClient(client.Client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return fmt.Errorf("%s: sftp: %w", c.Connection, err)
	}
	defer files.Close()
	err = transfer{files}.copy(c.Source, c.RemotePath)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("copying to %s:%s: %w", c.Connection, c.RemotePath, err)
	}
	return nil
}
