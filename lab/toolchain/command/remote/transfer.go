package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
	"github.com/pulumi/pulumi-go-provider/infer/types"
)

// transfer writes to a host. What goes where, given what is there already:
//
//	source | a directory          | nothing               | a file
//	-------|----------------------|-----------------------|----------
//	dir    | remote/dir           | remote/dir            | error
//	dir/   | remote/…             | remote/…              | error
//	file   | remote/file          | remote                | remote, overwritten
//	text   | error                | remote                | remote, overwritten
//
// Missing directories above are made, and so is one that remotePath names with a slash at its end. Symbolic links are followed, as in 1.2.1: their targets' content is copied.
type transfer struct{ *sftp.Client }

func (t transfer) copy(source types.AssetOrArchive, destination string) error {
	if err := t.MkdirAll(path.Dir(destination)); err != nil {
		return fmt.Errorf("making the directory above: %w", err)
	}
	there, err := t.stat(destination)
	if err != nil {
		return err
	}
	if source.Asset != nil && source.Asset.IsText() {
		return t.copyText(source.Asset.Text, destination, there)
	}
	if source.Asset != nil {
		return t.copyPath(source.Asset.Path, destination, there)
	}
	return t.copyPath(source.Archive.Path, destination, there)
}

func (t transfer) copyText(text, destination string, there fs.FileInfo) error {
	if there != nil && there.IsDir() {
		return errors.New("there is a directory: a StringAsset has no name of its own, so remotePath must be a file's")
	}
	return t.write(strings.NewReader(text), destination)
}

func (t transfer) copyPath(local, destination string, there fs.FileInfo) error {
	info, err := os.Stat(local)
	if err != nil {
		return err
	}
	base := filepath.Base(local)
	if !info.IsDir() {
		if there != nil && there.IsDir() {
			destination = path.Join(destination, base)
		}
		return t.copyFile(local, destination)
	}
	if there != nil && !there.IsDir() {
		return fmt.Errorf("there is a file, and %s is a directory", local)
	}
	if !strings.HasSuffix(local, "/") {
		destination = path.Join(destination, base)
	}
	return t.copyDirectory(local, destination)
}

func (t transfer) copyDirectory(local, destination string) error {
	tree := os.DirFS(local)
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := path.Join(destination, name)
		if entry.IsDir() {
			return t.MkdirAll(target)
		}
		return t.copyFile(filepath.Join(local, filepath.FromSlash(name)), target)
	})
}

func (t transfer) copyFile(local, destination string) error {
	file, err := os.Open(local)
	if err != nil {
		return err
	}
	defer file.Close()
	return t.write(file, destination)
}

// write reports an error of Close too: a full disk may only show there.
func (t transfer) write(content io.Reader, destination string) error {
	file, err := t.Create(destination)
	if err != nil {
		return fmt.Errorf("%s: %w", destination, err)
	}
	_, err = file.ReadFrom(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("%s: %w", destination, err)
	}
	return nil
}

// stat gives nil where there is nothing.
func (t transfer) stat(name string) (fs.FileInfo, error) {
	info, err := t.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}
