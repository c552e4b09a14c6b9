// Answers questions about patterns with the code that BuildKit runs: one JSON object a line, in and out.
//
// []byte is base64 in JSON, so that names which are not UTF-8 arrive as they are.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type question struct {
	Ask      string
	Patterns [][]byte
	Path     []byte
}

type answer struct {
	Error string
	Found []bool
	Texts [][]byte
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			panic(err)
		}
		if err := out.Encode(reply(q)); err != nil {
			panic(err)
		}
	}
}

func reply(q question) answer {
	var a answer
	err := ask(q, &a)
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func ask(q question, a *answer) error {
	path := string(q.Path)
	patterns := make([]string, len(q.Patterns))
	for i, p := range q.Patterns {
		patterns[i] = string(p)
	}
	switch q.Ask {
	case "match": // filepath.Match
		found, err := filepath.Match(patterns[0], path)
		a.Found = []bool{found}
		return err
	case "rules": // the patterns of an ignore file
		texts, err := ignorefile.ReadAll(bytes.NewReader(q.Path))
		for _, text := range texts {
			a.Texts = append(a.Texts, []byte(text))
		}
		return err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return err
	}
	switch q.Ask {
	case "exact": // the path by itself
		found, err := matcher.MatchesUsingParentResult(path, false)
		a.Found = []bool{found}
		return err
	case "open": // the path and every folder above it, as BuildKit's client opens a file
		found, err := matcher.MatchesOrParentMatches(path)
		a.Found = []bool{found}
		return err
	case "walk": // every folder on the way and the path, as BuildKit walks
		var above patternmatcher.MatchInfo
		parts := strings.Split(path, "/")
		for i := range parts {
			found, info, err := matcher.MatchesUsingParentResults(strings.Join(parts[:i+1], "/"), above)
			if err != nil {
				return err
			}
			a.Found = append(a.Found, found)
			above = info
		}
		return nil
	}
	panic(q.Ask)
}
