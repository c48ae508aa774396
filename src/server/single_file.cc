#include "server/single_file.h"

#include <algorithm>
#include <fmt/format.h>

#include "server/encoding.h"

#include "base/check.h"

namespace limpid {

namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string data_url(const Asset& asset) {
  return fmt::format("data:{};base64,{}", asset.content_type, base64(asset.content));
}

/// What ends a script, or begins something in it, can only stand in its strings, where it may be escaped.
std::string inline_script(const Asset& asset) {
  std::string script(asset.content);
  for (const std::string_view rest : {"!--", "script", "/script"})
    replace_all(script, fmt::format("<{}", rest), fmt::format("\\x3c{}", rest));
  return script;
}

std::string inline_style(const Asset& asset, std::span<const Asset> files) {
  std::string style(asset.content);
  for (const Asset& file : files)
    replace_all(style, fmt::format("url({})", file.path), "url(" + data_url(file) + ")");
  return style;
}

struct Tags {
  std::string scripts, styles;              // elements
  std::string script_hashes, style_hashes;  // for the policy

  void add(std::string_view open, const std::string& text, std::string_view close, std::string& elements,
           std::string& hashes) {
    elements += fmt::format("{}{}{}", open, text, close);
    hashes += fmt::format(" 'sha256-{}'", sha256_base64(text));
  }
};

/// From '<' of the tag around `at` to behind its '>', and behind "</script>" that may follow.
std::pair<size_t, size_t> element_around(const std::string& page, size_t at) {
  constexpr std::string_view kEnd = "</script>";
  const size_t begin = page.rfind('<', at);
  size_t end = page.find('>', at) + 1;
  if (std::string_view(page).substr(end).starts_with(kEnd)) end += kEnd.size();
  return {begin, end - begin};
}

}  // namespace

Result<std::string> single_file(std::span<const Asset> files, std::string_view data) {
  const auto index = std::ranges::find(files, "/index.html", &Asset::path);
  if (index == files.end())
    return fail(ErrorCode::kUnsupported, "html: this build has no web app", "build with npm installed");
  std::string page(index->content);
  Tags tags;
  for (const Asset& file : files) {
    const size_t at = page.find(fmt::format("\"{}\"", file.path));
    if (at == page.npos) continue;
    const auto [begin, length] = element_around(page, at);
    if (file.content_type.starts_with("text/javascript")) {
      tags.add("<script type=\"module\">", inline_script(file), "</script>\n", tags.scripts,
               tags.script_hashes);
      page.erase(begin, length);
    } else if (file.content_type.starts_with("text/css")) {
      tags.add("<style>", inline_style(file, files), "</style>\n", tags.styles, tags.style_hashes);
      page.erase(begin, length);
    } else {
      page.replace(at + 1, file.path.size(), data_url(file));
    }
  }
  const std::string policy = fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src{}; "
      "style-src{}; style-src-attr 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri "
      "'none'; form-action 'none'\" />\n",
      tags.script_hashes, tags.style_hashes);
  constexpr int kSmallest = 9;
  const std::optional<std::string> packed = gzip(data, kSmallest);
  if (!packed) {
    return fail(ErrorCode::kOutOfMemory, "page: not enough memory to compress its data");
  }
  const std::string element =
      fmt::format("<script type=\"application/gzip\" id=\"{}\">{}</script>\n", kDataElement, base64(*packed));
  constexpr std::string_view kCharset = "<meta charset=\"utf-8\" />\n";
  const size_t charset = page.find(kCharset), head_end = page.find("</head>");
  CHECK(charset != page.npos && head_end != page.npos && !tags.scripts.empty());
  page.insert(head_end, tags.styles + element + tags.scripts);
  page.insert(charset + kCharset.size(), policy);
  return page;
}

}  // namespace limpid
