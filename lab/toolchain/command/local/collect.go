package local

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collect reads the files that assetPaths and archivePaths name below the command's directory.
func (s *CommandState) collect(dir string) error {
	s.Assets, s.Archive = nil, nil
	if s.AssetPaths != nil {
		assets, err := matching(dir, *s.AssetPaths)
		if err != nil {
			return fmt.Errorf("assetPaths: %w", err)
		}
		s.Assets = &assets
	}
	if s.ArchivePaths != nil {
		assets, err := matching(dir, *s.ArchivePaths)
		if err != nil {
			return fmt.Errorf("archivePaths: %w", err)
		}
		members := make(map[string]any, len(assets))
		for name, asset := range assets {
			members[name] = asset
		}
		if s.Archive, err = resource.NewAssetArchive(members); err != nil {
			return fmt.Errorf("archivePaths: %w", err)
		}
	}
	return nil
}

type rule struct {
	glob.Glob
	exclude bool
}

// matching gives the files below dir by their relative path. Rules apply in order, so the last that matches wins; one
// that begins with `!` excludes.
func matching(dir string, patterns []string) (map[string]*resource.Asset, error) {
	rules := make([]rule, len(patterns))
	for i, pattern := range patterns {
		bare := strings.TrimPrefix(pattern, "!")
		compiled, err := glob.Compile(bare, '/')
		if err != nil {
			return nil, fmt.Errorf("%q: %w", pattern, err)
		}
		rules[i] = rule{compiled, bare != pattern}
	}
	if dir == "" {
		dir = "."
	}
	assets := map[string]*resource.Asset{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !included(name, rules) {
			return err
		}
		assets[name], err = resource.NewPathAsset(filepath.Join(dir, name))
		return err
	})
	return assets, err
}

func included(name string, rules []rule) bool {
	in := false
	for _, r := range rules {
		if r.Match(name) {
			in = !r.exclude
		}
	}
	return in
}
