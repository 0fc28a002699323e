package remote

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func mustExist(t *testing.T, file string) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func mustHold(t *testing.T, file, want string) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", file, got, err, want)
	}
}

func write(t *testing.T, file, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func fileAsset(t *testing.T, file string) types.AssetOrArchive {
	asset, err := resource.NewPathAsset(file)
	if err != nil {
		t.Fatal(err)
	}
	return types.AssetOrArchive{Asset: asset}
}

func copyTo(t *testing.T, source types.AssetOrArchive, destination string) error {
	t.Helper()
	args := CopyToRemoteArgs{
		Connection: Connection{Endpoint: startServer(t).endpoint()}, Source: source, RemotePath: destination,
	}
	_, err := CopyToRemote{}.Create(context.Background(), infer.CreateRequest[CopyToRemoteArgs]{Name: "c", Inputs: args})
	return err
}

func TestAFileIsCopiedToAPathOrIntoADirectory(t *testing.T) {
	source, remote := write(t, t.TempDir()+"/a.txt", "hello"), t.TempDir()
	for destination, want := range map[string]string{
		remote:                 remote + "/a.txt",
		remote + "/b.txt":      remote + "/b.txt",
		remote + "/new/deep/c": remote + "/new/deep/c",
		remote + "/other/":     remote + "/other/a.txt",
	} {
		if err := copyTo(t, fileAsset(t, source), destination); err != nil {
			t.Errorf("%s: %v", destination, err)
		}
		mustHold(t, want, "hello")
	}
}

func TestATextBecomesAFileAndOverwrites(t *testing.T) {
	asset, _ := resource.NewTextAsset("new")
	file := write(t, t.TempDir()+"/conf", "something longer")
	if err := copyTo(t, types.AssetOrArchive{Asset: asset}, file); err != nil {
		t.Fatal(err)
	}
	mustHold(t, file, "new")
	mustContain(t, copyTo(t, types.AssetOrArchive{Asset: asset}, filepath.Dir(file)), "remotePath must be a file's")
}

func TestADirectoryIsCopiedWithOrWithoutItsName(t *testing.T) {
	source := t.TempDir() + "/site"
	write(t, source+"/index.html", "hi")
	write(t, source+"/css/a.css", "body{}")
	remote := t.TempDir()
	for path, want := range map[string]string{source: remote + "/www/site", source + "/": remote + "/www"} {
		archive, err := resource.NewPathArchive(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := copyTo(t, types.AssetOrArchive{Archive: archive}, remote+"/www"); err != nil {
			t.Fatal(err)
		}
		mustHold(t, want+"/index.html", "hi")
		mustHold(t, want+"/css/a.css", "body{}")
	}
	file := write(t, remote+"/file", "")
	archive, _ := resource.NewPathArchive(source)
	mustContain(t, copyTo(t, types.AssetOrArchive{Archive: archive}, file), "is a directory")
}

func TestOnlyChangedContentOrDestinationIsCopiedAgain(t *testing.T) {
	s := startServer(t)
	source, remote := write(t, t.TempDir()+"/a", "1"), t.TempDir()+"/a"
	args := CopyToRemoteArgs{
		Connection: Connection{Endpoint: s.endpoint()}, Source: fileAsset(t, source), RemotePath: remote,
	}
	state := CopyToRemoteState{args}
	run := func() {
		t.Helper()
		_, err := CopyToRemote{}.Update(context.Background(),
			infer.UpdateRequest[CopyToRemoteArgs, CopyToRemoteState]{Inputs: args, State: state})
		if err != nil {
			t.Fatal(err)
		}
	}
	args.Connection.User = ptr("other")
	run()
	if s.dials.Load() != 0 {
		t.Error("copied again for another user")
	}
	write(t, source, "2")
	args.Source = fileAsset(t, source)
	run()
	mustHold(t, remote, "2")
}

func TestSourcesThatCannotBeCopiedAreRefused(t *testing.T) {
	uri, _ := resource.NewURIAsset("https://example.invalid/x")
	for _, source := range []types.AssetOrArchive{{}, {Asset: uri}, {Archive: &resource.Archive{}}} {
		if refuse(source) == "" {
			t.Errorf("accepted %+v", source)
		}
	}
}
