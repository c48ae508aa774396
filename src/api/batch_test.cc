#include "api/batch.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/json.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

class BatchTest : public ::testing::Test {
 protected:
  static Json explain(const BatchLine& line, const BatchRequest& defaults = {}) {
    static const Session session = open();
    const BatchAnswer answer = explain_line(session, line, defaults);
    EXPECT_EQ(answer.json.find('\n'), answer.json.size() - 1) << answer.json;
    Json json = Json::parse(answer.json);
    EXPECT_EQ(answer.error.has_value(), json.contains("error"));
    return json;
  }
  static Json explain(std::string_view text, const BatchRequest& defaults = {}) {
    return explain(BatchLine{7, text}, defaults);
  }

  static Session open() {
    return std::move(*Session::open(std::string(LIMPID_TESTDATA) + "/models/llama-tied"));
  }
};

TEST_F(BatchTest, AResultIsThatOfOneRequest) {
  const Session session = open();
  Explanation explanation = session.explain({.prompt = {.text = "hello"}, .token = 2}).value();
  const Route route = explanation.route({.threshold = 0.25f, .renormalize = false}).value();
  const Json expected = Json::parse(to_json(session, explanation, route));

  const Json all = explain(R"({"prompt": "hello", "token": 2, "threshold": 0.25, "renormalize": false})");
  EXPECT_EQ(all, (Json{{"line", 7}, {"result", expected}}));
  // What the line does not say is as for all lines.
  const BatchRequest defaults = {{{}, 2}, {.threshold = 0.25f, .renormalize = false}};
  EXPECT_EQ(explain("hello", defaults), all);
  EXPECT_EQ(explain(R"({"prompt": "hello"})", defaults), all);
}

TEST_F(BatchTest, ALineGoesBeforeWhatHoldsForAll) {
  const BatchRequest defaults = {{{}, 0}, {.threshold = 0.5f, .renormalize = false}};
  const Json json =
      explain(R"({"ids": [3, 4, 5], "token": 1, "threshold": 0, "renormalize": true})", defaults)["result"];
  EXPECT_EQ(json["tokens"].size(), 3);
  EXPECT_EQ(json["token"], 1);
  EXPECT_EQ(json["threshold"], 0.0);
  EXPECT_EQ(json["renormalize"], true);
}

TEST_F(BatchTest, ALineSaysHowItsPromptIsRead) {
  const BatchRequest without_bos = {{{.text = {}, .bos = AddBos::kNo}}, {}};
  const Json with = explain(R"({"prompt": "hello", "bos": "yes", "top": 2})", without_bos)["result"];
  const Json without = explain("hello", without_bos)["result"];
  ASSERT_EQ(with["tokens"].size(), without["tokens"].size() + 1);
  EXPECT_EQ(with["tokens"][1], without["tokens"][0]);
  EXPECT_EQ(with["predictions"].size(), 2);
  EXPECT_EQ(without["predictions"].size(), ExplainRequest().n_predictions);
  // This model has no chat template, which is found out only where one is asked for.
  EXPECT_EQ(explain(R"({"prompt": "hello", "chat": true})")["error"]["code"], "unsupported");
  const BatchRequest in_chat = {{{.text = {}, .chat = true}}, {}};
  EXPECT_TRUE(explain(R"({"prompt": "hello", "chat": false})", in_chat).contains("result"));
}

TEST_F(BatchTest, TextIsNotObeyed) {
  // No object: the text is the prompt, byte for byte.
  for (const char* text : {" {\"prompt\": \"x\"}", "[1]", "\"x\"", "a\tb"}) {
    std::string bytes;
    const Json json = explain(text);
    for (const Json& token : json["result"]["tokens"]) {
      if (token["special"] == true) continue;
      for (const Json& byte : token["bytes"]) bytes += static_cast<char>(byte.get<int>());
    }
    EXPECT_EQ(bytes, text);
  }
}

TEST_F(BatchTest, TheIdComesBack) {
  for (const char* id : {"7", "\"a\"", "null", "[1, {\"b\": 2.5}]", "false", "18446744073709551615"}) {
    const Json id_json = Json::parse(id);
    EXPECT_EQ(explain(std::string("{\"ids\": [3], \"id\": ") + id + "}")["id"], id_json);
    // Whatever else is wrong.
    const Json failed = explain(std::string("{\"a\": 1, \"id\": ") + id + "}");
    EXPECT_EQ(failed["id"], id_json);
    EXPECT_TRUE(failed.contains("error"));
  }
}

TEST_F(BatchTest, ErrorsNameWhatIsWrong) {
  const struct {
    const char* line;
    const char* message;  // a part of it
  } cases[] = {
      {"{", "the line: not valid JSON at byte"},
      {"{}x", "the line: not valid JSON at byte"},
      {"{\"prompt\": \"\xFF\"}", "the line: not valid JSON at byte"},
      {R"({"prompt": "\ud800"})", "the line: not valid JSON at byte"},
      {R"({"prompt": "a", "prompt": "b"})", "the key 'prompt' appears twice"},
      {R"({"prompt": "a", "treshold": 0.1})", "found 'treshold'"},
      {R"({"prompt": "a", "Prompt": "b"})", "found 'Prompt'"},
      {R"({"prompt": "a", "": 1})", "found ''"},
      {R"({})", "expected 'prompt' or 'ids', found neither"},
      {R"({"id": 3})", "expected 'prompt' or 'ids', found neither"},
      {R"({"prompt": "a", "ids": [3]})", "expected 'prompt' or 'ids', found both"},
      {R"({"prompt": 3})", "prompt: expected a text, found '3'"},
      {R"({"prompt": null})", "prompt: expected a text, found 'null'"},
      {R"({"prompt": ""})", "prompt: expected at least one token"},
      {R"({"ids": []})", "ids: expected a list of token ids, found '[]'"},
      {R"({"ids": [3, "4"]})", "ids: expected a list of token ids, found '[3,"},
      {R"({"ids": [3.0]})", "ids: expected a list of token ids"},
      {R"({"ids": [4294967299]})", "ids: expected a list of token ids"},
      {R"({"ids": [18446744073709551619]})", "ids: expected a list of token ids"},
      {R"({"ids": [9223372036854775811]})", "ids: expected a list of token ids"},
      {R"({"ids": 3})", "ids: expected a list of token ids"},
      {R"({"ids": [298]})", "298"},
      {R"({"ids": [-1]})", "-1"},
      {R"({"ids": [3], "token": 1})", "token: expected a position from -1 to 0, found 1"},
      {R"({"ids": [3], "token": "0"})", "token: expected a position, found"},
      {R"({"ids": [3], "token": -4294967297})", "token: expected a position, found '-4294967297'"},
      {R"({"ids": [3], "threshold": 1.5})", "threshold: expected a number from 0 to 1, found '1.5'"},
      {R"({"ids": [3], "threshold": -0.1})", "threshold: expected a number from 0 to 1"},
      {R"({"ids": [3], "threshold": "0.1"})", "threshold: expected a number from 0 to 1"},
      {R"({"ids": [3], "threshold": 1e999})", "the line: not valid JSON at byte"},
      {R"({"prompt": "a", "bos": true})", "bos: expected auto, yes or no, found 'true'"},
      {R"({"prompt": "a", "bos": "maybe"})", "bos: expected auto, yes or no"},
      {R"({"prompt": "a", "chat": "yes"})", "chat: expected true or false"},
      {R"({"prompt": "a", "system": "b"})", "system: expected 'chat' with it"},
      {R"({"prompt": "a", "chat": true, "system": 1})", "system: expected a text"},
      {R"({"ids": [3], "chat": true})", "chat: expected 'prompt' with it"},
      {R"({"ids": [3], "bos": "yes"})", "bos: expected 'prompt' with it"},
      {R"({"prompt": "a", "top": 0})", "top: expected a number from 1 to 1000, found '0'"},
      {R"({"prompt": "a", "top": 1001})", "top: expected a number from 1 to 1000"},
      {R"({"prompt": "a", "top": 1.5})", "top: expected a number from 1 to 1000"},
      {R"({"ids": [3], "renormalize": 1})", "renormalize: expected true or false, found '1'"},
      {"\xFF", "expected UTF-8"},
  };
  for (const auto& c : cases) {
    const Json json = explain(c.line);
    ASSERT_TRUE(json.contains("error")) << c.line;
    EXPECT_EQ(json["line"], 7);
    EXPECT_EQ(json["error"]["code"], "invalid_argument") << c.line;
    EXPECT_NE(json["error"]["message"].get<std::string>().find(c.message), std::string::npos)
        << c.line << ": " << json["error"]["message"];
  }
}

TEST_F(BatchTest, TooLongIsNotCutShort) {
  const Json json = explain({1, "hello", /*too_long=*/true});
  EXPECT_EQ(json["error"]["message"], "the line: expected at most 1048576 bytes, found more");
}

}  // namespace
}  // namespace limpid
