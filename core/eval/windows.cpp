// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/windows.h"

#include "core/error.h"
#include "core/eval/sha256.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace bwla {
namespace {

struct NamedProtocol {
    Protocol protocol;
    std::string_view name;
};
constexpr std::array protocols{NamedProtocol{Protocol::gptq2048, "gptq-2048"},
                               NamedProtocol{Protocol::llamacpp512, "llamacpp-512"}};

bool isBlank(std::string_view line) {
    return line.find_first_not_of(" \t\r\v\f") == line.npos;
}

std::string readFile(const std::filesystem::path& file) {
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) // which opens, but cannot be read
        throw Error(ErrorCode::notFound).in(file.string()).because("it is a folder, not a text");
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
        throw Error(ErrorCode::notFound).in(file.string()).because(std::strerror(errno));
    return {std::istreambuf_iterator<char>(stream), {}};
}

bool isRows(const std::filesystem::path& file, Protocol protocol, RowForm form) {
    return form == RowForm::rows || (form == RowForm::byName && protocol == Protocol::gptq2048 &&
                                     file.extension() == ".raw");
}

} // namespace

std::string_view protocolName(Protocol protocol) {
    return std::ranges::find(protocols, protocol, &NamedProtocol::protocol)->name;
}

std::optional<Protocol> protocolNamed(std::string_view name) {
    const auto* found = std::ranges::find(protocols, name, &NamedProtocol::name);
    return found == protocols.end() ? std::nullopt : std::optional(found->protocol);
}

WindowRule windowRule(Protocol protocol, const TokenizerData& tokenizer) {
    if (protocol == Protocol::gptq2048)
        return {.length = 2048, .firstRow = 0};
    return {.length = 512, .firstRow = 256, .bos = tokenizer.addBos ? tokenizer.bos : -1};
}

EvaluationText readEvaluationText(const std::filesystem::path& file, Protocol protocol,
                                  RowForm form) {
    EvaluationText result;
    result.text = readFile(file);
    result.sha256 = sha256(result.text);
    if (isRows(file, protocol, form))
        result.text = joinRows(result.text);
    return result;
}

std::string joinRows(std::string_view rows) {
    std::string joined;
    joined.reserve(rows.size() + rows.size() / 8);
    for (std::size_t start = 0; start < rows.size();) {
        const std::size_t end = std::min(rows.find('\n', start), rows.size());
        const std::string_view line = rows.substr(start, end - start);
        if (start > 0)
            joined += "\n\n";
        if (!isBlank(line))
            joined.append(line).push_back('\n');
        start = end + 1;
    }
    return joined;
}

std::vector<std::int32_t> evaluationTokens(const std::string& text, Protocol protocol,
                                           const Tokenizer& tokenizer) {
    if (protocol == Protocol::gptq2048)
        return tokenizer.encode(text, false);
    std::string_view body = text;
    if (body.ends_with('\n'))
        body.remove_suffix(1);
    std::vector<std::int32_t> tokens = tokenizer.encode(body, false);
    const TokenizerData& data = tokenizer.data();
    if (data.addBos && data.bos >= 0)
        tokens.insert(tokens.begin(), data.bos);
    return tokens;
}

std::int64_t windowCount(std::span<const std::int32_t> tokens, const WindowRule& rule,
                         std::int64_t limit) {
    const std::int64_t count = static_cast<std::int64_t>(tokens.size()) / rule.length;
    if (count == 0)
        throw Error(ErrorCode::textTooShort)
            .wanted(rule.length)
            .got(static_cast<std::int64_t>(tokens.size()));
    return limit > 0 ? std::min(limit, count) : count;
}

std::vector<std::int32_t> window(std::span<const std::int32_t> tokens, const WindowRule& rule,
                                 std::int64_t index) {
    const auto part = tokens.subspan(static_cast<std::size_t>(index * rule.length),
                                     static_cast<std::size_t>(rule.length));
    std::vector<std::int32_t> result(part.begin(), part.end());
    if (rule.bos >= 0)
        result.front() = rule.bos;
    return result;
}

} // namespace bwla
