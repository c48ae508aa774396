#include "tokenizer/chat_template.h"

#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

const std::filesystem::path kFolder = LIMPID_TESTDATA "/chat";

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

/// The clock of tools/make_chat_goldens.py.
std::tm golden_time() {
  std::tm time{};
  time.tm_year = 2031 - 1900;
  time.tm_mon = 2;
  time.tm_mday = 9;
  time.tm_yday = 67;
  time.tm_hour = 4;
  time.tm_min = 5;
  time.tm_sec = 6;
  return time;
}

Result<std::string> render(const std::string& text, std::span<const ChatMessage> messages, bool open = true) {
  return render_chat({text, "x"}, {messages, "<s>", "</s>", open, golden_time()});
}

TEST(ChatTemplate, RendersAsHuggingFaceDoes) {
  const Json conversations = Json::parse(read(kFolder / "conversations.json"));
  const Json goldens = Json::parse(read(kFolder / "goldens.json"));
  ASSERT_GT(goldens.size(), 200);
  for (const Json& golden : goldens) {
    const auto name = golden["template"].get<std::string>();
    std::vector<ChatMessage> messages;
    for (const Json& message : conversations[golden["conversation"]]) {
      messages.push_back({message["role"], message["content"]});
    }
    const auto text = render(read(kFolder / (name + ".jinja")), messages, golden["add_generation_prompt"]);
    ASSERT_EQ(text.has_value(), golden.contains("text")) << golden << (text ? "" : text.error().message);
    if (text) {
      EXPECT_EQ(*text, golden["text"]) << golden;
    } else {
      EXPECT_EQ(text.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(text.error().message,
                "x: the template refuses the conversation: " + golden["refused"].get<std::string>());
    }
  }
}

struct Broken {
  const char* text;
  const char* problem;
};

TEST(ChatTemplate, BrokenTemplatesSayWhereAndWhat) {
  const std::vector<Broken> cases = {
      {"a\n{% if %}", "line 2: syntax error"},
      {"{% for m in messages %}", "syntax error"},
      {"{{ 'open", "syntax error"},
      {"{% nope %}", "unknown statement nope"},
      {"{% generation %}", "syntax error"},
      {"{{ 1|nope }}", "unknown filter: filter nope is unknown"},
      {"{{ 1 is nope }}", "unknown test"},
      {"{{ nope() }}", "nope is unknown"},
      {"{{ 'a'.nope() }}", "no method named nope"},
      {"\n\n{{ nope.x }}", "line 3: undefined value"},
      {"{{ messages[9].role }}", "undefined value"},
      {"{{ 1 // 0 }}", "1 // 0"},
      {"{{ 'a' + 1 }}", "operator"},
      {"{% include 'x' %}", "non-existing template"},
      {"{{ range(3)|tojson(indent=99) }}", "indent"},
      {"{{ nope|tojson }}", "JSON has no undefined"},
      {"{{ strftime_now('%f') }}", "'%f'"},
      {"{{ strftime_now('%99999999d') }}", "too long"},
      {"{{ strftime_now('a\\x00') }}", "nul"},
      {"{% for i in [1] %}{{ loop.cycle() }}{% endfor %}", "the library failed"},
      {"{{ 'a'.nope('\x1b') }}{{ nope\x1b }}", "syntax error"},
      {"\xEF\xBB\xBF{{ nope.\xC3\xA9 }}", "syntax error"},
  };
  const std::vector<ChatMessage> messages = {{"user", "Hello"}};
  for (const Broken& c : cases) {
    const auto text = render(c.text, messages);
    ASSERT_FALSE(text) << c.text << *text;
    EXPECT_EQ(text.error().code, ErrorCode::kUnsupported) << c.text;
    EXPECT_NE(text.error().message.find(c.problem), std::string::npos) << text.error().message;
    EXPECT_EQ(text.error().message.find('\x1b'), std::string::npos);
  }
}

std::string repeat(std::string_view text, int n) {
  std::string result;
  while (n-- > 0) result += text;
  return result;
}

/// `body` 60 times over values that hold themselves twice each: 2^60 items.
std::string shared(const std::string& body) {
  return "{% set ns = namespace(a=['x'], b=['x']) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}"
         "{% set ns.b = [ns.b, ns.b] %}{% endfor %}" +
         body;
}

std::string nested(const std::string& body) {
  return "{% set ns = namespace(a=[]) %}{% for i in range(90000) %}{% set ns.a = [ns.a] %}{% endfor %}" +
         body;
}

TEST(ChatTemplate, HostileTemplatesComeToAnEnd) {
  const std::vector<std::string> cases = {
      "{% for i in range(10 ** 12) %}{% endfor %}",
      "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
      "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ "
      "ns.s }}",
      "{{ 'x' * 10 ** 12 }}",
      "{{ 10 ** 10 ** 10 }}",
      "{{ ('a' * 99999).replace('a', 'b' * 99999) }}",
      "{{ '%999999999d'|format(1) }}",
      "{{ '{:.999999999f}'.format(1.5) }}",
      "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
      "{% for m in messages recursive %}{{ loop([m]) }}{% endfor %}",
      "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
      "{{ " + repeat("(", 100000),
      "{{ " + repeat("not ", 100000) + "1 }}",
      "{{ 1" + repeat("+1", 100000) + " }}",
      "{{ 1" + repeat("|string", 100000) + " }}",
      "{% if 0 %}" + repeat("{% elif 0 %}", 50000) + "{% endif %}",
      repeat("{% if 1 %}", 20000),
      nested("{{ ns.a }}"),
      nested("{{ [ns.a]|sort }}{{ ns.a == [ns.a] }}"),
      nested("{{ ns.a|tojson }}"),
      shared("{{ ns.a }}"),
      shared("{{ ns.a == ns.b }}"),
      shared("{{ ns.a|tojson }}"),
      shared("{{ raise_exception(ns.a) }}"),
  };
  const std::vector<ChatMessage> messages = {{"user", "Hello"}};
  for (const std::string& c : cases) {
    const auto before = std::chrono::steady_clock::now();
    const auto text = render(c, messages);
    ASSERT_FALSE(text) << c.substr(0, 200);
    EXPECT_EQ(text.error().code, ErrorCode::kUnsupported) << c.substr(0, 200);
    EXPECT_LT(text.error().message.size(), 600);
    // The limit that isolated.h has for a busy machine, and as much again to come to an end.
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(60)) << c.substr(0, 200);
  }
}

struct Found {
  const char* name;
  std::vector<std::pair<const char*, const char*>> files;
  const char* text = nullptr;
  const char* origin = "";  // or the problem
};

TEST(ChatTemplate, WhereAFolderHasIt) {
  const std::vector<Found> cases = {
      {"none", {}, nullptr, "expected a chat template, found none"},
      {"null", {{"tokenizer_config.json", R"({"chat_template": null})"}}, nullptr, "found none"},
      {"a text",
       {{"tokenizer_config.json", R"({"chat_template": "A"})"}},
       "A",
       "tokenizer_config.json: 'chat_template'"},
      {"a list",
       {{"tokenizer_config.json",
         R"({"chat_template": [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]})"}},
       "D",
       "tokenizer_config.json"},
      {"its own JSON",
       {{"chat_template.json", R"({"chat_template": "J"})"},
        {"tokenizer_config.json", R"({"chat_template": "A"})"}},
       "J",
       "chat_template.json"},
      {"its own file",
       {{"chat_template.jinja", "F\n"}, {"chat_template.json", R"({"chat_template": "J"})"}},
       "F\n",
       "chat_template.jinja"},
      {"a list without a default",
       {{"tokenizer_config.json",
         R"({"chat_template": [{"name": "rag", "template": "R"}, 3, {"name": "default"}]})"}},
       nullptr,
       "tokenizer_config.json: 'chat_template': expected a template that is named 'default'"},
      {"a number", {{"tokenizer_config.json", R"({"chat_template": 3})"}}, nullptr, "expected a text"},
      {"no JSON", {{"chat_template.json", "{"}}, nullptr, "chat_template.json"},
      {"no UTF-8", {{"chat_template.jinja", "\xFF"}}, nullptr, "chat_template.jinja: expected at most"},
  };
  for (const Found& c : cases) {
    const test::TemporaryFolder folder;
    for (const auto& [file, content] : c.files) folder.write(file, content);
    Checkpoint checkpoint;
    checkpoint.path = checkpoint.directory = folder.path();
    const auto found = find_chat_template(checkpoint);
    ASSERT_EQ(found.has_value(), c.text != nullptr) << c.name;
    const std::string& said = found ? found->origin : found.error().message;
    EXPECT_NE(said.find(c.origin), std::string::npos) << c.name << ": " << said;
    if (found) {
      EXPECT_EQ(found->text, c.text) << c.name;
    }
  }
}

TEST(ChatTemplate, WhereAGgufFileHasIt) {
  const test::TemporaryFolder folder;
  folder.write("chat_template.jinja", "of the folder");
  Checkpoint checkpoint;
  checkpoint.path = "x.gguf";
  checkpoint.directory = folder.path();
  checkpoint.metadata.set("tokenizer.ggml.model", std::string("gpt2"));
  const auto none = find_chat_template(checkpoint);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnsupported);
  checkpoint.metadata.set("tokenizer.chat_template", std::string("inside"));
  const auto inside = find_chat_template(checkpoint);
  ASSERT_TRUE(inside) << inside.error().message;
  EXPECT_EQ(inside->text, "inside");
  EXPECT_EQ(inside->origin, "x.gguf: metadata 'tokenizer.chat_template'");
  checkpoint.metadata.set("tokenizer.chat_template", int64_t{3});
  EXPECT_EQ(find_chat_template(checkpoint).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace limpid
