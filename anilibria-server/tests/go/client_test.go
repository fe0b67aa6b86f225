// Package checks calls every operation of a running service with the client that oapi-codegen generates from its document.
//
// The service is at SERVICE_URL; INTERNAL_TOKEN is a token of another service.
package checks

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"anilibria-server-checks/anilibria"
)

const base = "/api/anilibria/v2"

// catalogTimeout is the timeout of loading the catalog.
const catalogTimeout = 30 * time.Second

// calls has a call of each operation, by the name of its method.
var calls = map[string]func(t *testing.T) (any, error){
	"ListTitles": func(t *testing.T) (any, error) {
		limit, season := int32(50), anilibria.ListTitlesParamsSeason("spring")
		genres := []string{"Драма", "Комедия"}
		params := &anilibria.ListTitlesParams{Limit: &limit, Season: &season, Genres: &genres}
		return site(t).ListTitlesWithResponse(t.Context(), params)
	},
	"GetTitle": func(t *testing.T) (any, error) { return site(t).GetTitleWithResponse(t.Context(), 7, nil) },
	"SearchTitles": func(t *testing.T) (any, error) {
		params := &anilibria.SearchTitlesParams{Q: "рассвет & ночь / 100%"}
		return site(t).SearchTitlesWithResponse(t.Context(), params)
	},
	"ListUpdates": func(t *testing.T) (any, error) { return site(t).ListUpdatesWithResponse(t.Context(), nil) },
	"ListPopular": func(t *testing.T) (any, error) { return site(t).ListPopularWithResponse(t.Context(), nil) },
	"GetRandomTitle": func(t *testing.T) (any, error) {
		return site(t).GetRandomTitleWithResponse(t.Context())
	},
	"GetSchedule": func(t *testing.T) (any, error) {
		days := []int32{0, 6}
		return site(t).GetScheduleWithResponse(t.Context(), &anilibria.GetScheduleParams{Days: &days})
	},
	"ListGenres":   func(t *testing.T) (any, error) { return site(t).ListGenresWithResponse(t.Context(), nil) },
	"GetIndex":     func(t *testing.T) (any, error) { return site(t).GetIndexWithResponse(t.Context()) },
	"GetHealth":    func(t *testing.T) (any, error) { return site(t).GetHealthWithResponse(t.Context()) },
	"GetReadiness": func(t *testing.T) (any, error) { return site(t).GetReadinessWithResponse(t.Context()) },
	"GetLiveness":  func(t *testing.T) (any, error) { return site(t).GetLivenessWithResponse(t.Context()) },
	"GetCacheStats": func(t *testing.T) (any, error) {
		return internal(t).GetCacheStatsWithResponse(t.Context())
	},
	"GetStats": func(t *testing.T) (any, error) { return internal(t).GetStatsWithResponse(t.Context()) },
	"SyncTitle": func(t *testing.T) (any, error) {
		return internal(t).SyncTitleWithResponse(t.Context(), anilibria.SyncRequest{TitleId: 7})
	},
	"ClearCache": func(t *testing.T) (any, error) {
		return internal(t).ClearCacheWithResponse(t.Context(), clearGenres())
	},
	"DeleteCache": func(t *testing.T) (any, error) {
		return internal(t).DeleteCacheWithResponse(t.Context(), clearGenres())
	},
}

// streams are operations whose response does not end. TestEventsAreAStream calls the only one.
var streams = map[string]bool{"GetEvents": true}

func TestEveryOperationIsListed(t *testing.T) {
	methods := reflect.TypeFor[anilibria.ClientWithResponsesInterface]()
	count := 0
	for i := range methods.NumMethod() {
		name := strings.TrimSuffix(methods.Method(i).Name, "WithResponse")
		if strings.HasSuffix(name, "WithBody") {
			continue
		}
		count++
		if _, isCalled := calls[name]; !isCalled && !streams[name] {
			t.Errorf("operation %s is not called", name)
		}
	}
	if count != len(calls)+len(streams) {
		t.Errorf("%d operations are called, and the client has %d", len(calls)+len(streams), count)
	}
}

func TestEveryResponseIsTyped(t *testing.T) {
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			answer, err := call(t)
			if err != nil {
				t.Fatal(err)
			}
			response := reflect.ValueOf(answer).Elem()
			body, typed := response.FieldByName("Body").Bytes(), response.FieldByName("JSON200")
			if typed.IsNil() {
				t.Fatalf("no typed response: %.300s", body)
			}
			assertClosed(t, name, typed.Type(), map[reflect.Type]bool{})
			// The type contains the whole response.
			written, err := json.Marshal(typed.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(decoded(t, written), decoded(t, body)) {
				t.Errorf("the response\n%.2000s\nis not equal to the typed value\n%.2000s", body, written)
			}
		})
	}
}

func TestEventsAreAStream(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	types := []anilibria.GetEventsParamsTypes{"new_title"}
	client, err := anilibria.NewClient(origin(t) + base)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.GetEvents(ctx, &anilibria.GetEventsParams{Types: &types})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if media := response.Header.Get("Content-Type"); response.StatusCode != 200 || media != "text/event-stream" {
		t.Errorf("%s with %s", response.Status, media)
	}
}

func TestTitlesAreFoundByIdsOfOtherServices(t *testing.T) {
	title, err := site(t).GetTitleWithResponse(t.Context(), 7, nil)
	if err != nil || title.JSON200 == nil || title.JSON200.Data.MalId == nil {
		t.Fatalf("%v %+v", err, title)
	}
	ids := []int64{1, int64(*title.JSON200.Data.MalId)}
	params := &anilibria.ListTitlesParams{MalId: &ids}
	for deadline := time.Now().Add(catalogTimeout); ; time.Sleep(100 * time.Millisecond) {
		found, err := site(t).ListTitlesWithResponse(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		if found.JSON503 != nil && time.Now().Before(deadline) {
			continue
		}
		if found.JSON200 == nil || len(found.JSON200.Data) == 0 || found.JSON200.Data[0].MalId == nil {
			t.Fatalf("%.300s", found.Body)
		}
		return
	}
}

func TestErrorsAreTypedInBothForms(t *testing.T) {
	const missing = 4_000_000_000
	envelope, err := site(t).GetTitleWithResponse(t.Context(), missing, nil)
	if err != nil || envelope.JSON404 == nil || envelope.JSON404.Error.Code != anilibria.TITLENOTFOUND {
		t.Errorf("%v %.300s", err, envelope.Body)
	}
	details, err := site(t).GetTitleWithResponse(t.Context(), missing, nil, header("Accept", "application/problem+json"))
	if err != nil || details.ApplicationproblemJSON404 == nil {
		t.Fatalf("%v %.300s", err, details.Body)
	}
	problem := details.ApplicationproblemJSON404
	if problem.Code != anilibria.TITLENOTFOUND || problem.TitleId == nil || *problem.TitleId != missing {
		t.Errorf("%+v", problem)
	}
}

// assertClosed fails if the type contains an interface, which can have any value.
func assertClosed(t *testing.T, path string, open reflect.Type, seen map[reflect.Type]bool) {
	if seen[open] || open == reflect.TypeFor[time.Time]() {
		return
	}
	seen[open] = true
	switch open.Kind() {
	case reflect.Interface:
		t.Errorf("%s can have any value", path)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		assertClosed(t, path, open.Elem(), seen)
	case reflect.Struct:
		for i := range open.NumField() {
			assertClosed(t, path+"."+open.Field(i).Name, open.Field(i).Type, seen)
		}
	}
}

func decoded(t *testing.T, text []byte) any {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func clearGenres() anilibria.ClearRequest {
	return anilibria.ClearRequest{Pattern: "genres", Confirm: true}
}

// site returns a client of the public operations.
func site(t *testing.T) *anilibria.ClientWithResponses {
	return client(t, origin(t)+base)
}

// internal returns a client of the operations for other services.
func internal(t *testing.T) *anilibria.ClientWithResponses {
	token := anilibria.WithRequestEditorFn(header("Authorization", "Bearer "+os.Getenv("INTERNAL_TOKEN")))
	return client(t, origin(t), token)
}

func client(t *testing.T, address string, options ...anilibria.ClientOption) *anilibria.ClientWithResponses {
	client, err := anilibria.NewClientWithResponses(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func header(name, value string) anilibria.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		request.Header.Set(name, value)
		return nil
	}
}

func origin(t *testing.T) string {
	origin := os.Getenv("SERVICE_URL")
	if origin == "" {
		t.Fatal("SERVICE_URL is not set")
	}
	return origin
}
