// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a text becomes windows of tokens, and which of their predictions count: one definition for
// perplexity and KL divergence.
#pragma once

#include "core/text/tokenizer.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

enum class Protocol : std::uint8_t {
    /// The GPTQ family's papers: the whole text encoded once, no BOS, windows of 2048 without
    /// overlap, every prediction inside a window counts, the remainder is dropped.
    gptq2048,
    /// llama.cpp's perplexity tool at its default -c 512: the file's last newline dropped, BOS in
    /// front where the tokenizer asks for it, windows of 512 whose first token is then overwritten
    /// by BOS; the logits of positions 256 .. 510 count (255 a window).
    llamacpp512,
};

[[nodiscard]] std::string_view protocolName(Protocol protocol); ///< "gptq-2048", "llamacpp-512"
/// The inverse; nothing for an unknown name.
[[nodiscard]] std::optional<Protocol> protocolNamed(std::string_view name);

struct WindowRule {
    std::int64_t length = 0;   ///< tokens
    std::int64_t firstRow = 0; ///< logits rows firstRow .. length - 2 count
    std::int32_t bos = -1;     ///< overwrites the first token of each window, -1 = nothing does
};

[[nodiscard]] WindowRule windowRule(Protocol protocol, const TokenizerData& tokenizer);

/// WikiText files in one-row-a-line form are not the text that papers score: that one joins the
/// data set's rows (each with its newline, blank rows empty) by two newlines.
enum class RowForm : std::uint8_t {
    byName, ///< rows where the file's name ends in ".raw" and the protocol is gptq-2048
    rows,
    text, ///< as it is
};

struct EvaluationText {
    std::string text;
    std::string sha256; ///< of the file's bytes
};

/// Throws Error{notFound}.
[[nodiscard]] EvaluationText readEvaluationText(const std::filesystem::path& file,
                                                Protocol protocol, RowForm form = RowForm::byName);

/// Lines L of `rows`: "" where blank, else L + newline, joined by two newlines.
[[nodiscard]] std::string joinRows(std::string_view rows);

/// All tokens the protocol's windows are cut from. Throws Error{badText}.
[[nodiscard]] std::vector<std::int32_t> evaluationTokens(const std::string& text, Protocol protocol,
                                                         const Tokenizer& tokenizer);

/// Windows to score: those in `tokens`, at most `limit` (0 = all). Throws Error{textTooShort}
/// where there is none.
[[nodiscard]] std::int64_t windowCount(std::span<const std::int32_t> tokens, const WindowRule& rule,
                                       std::int64_t limit);

[[nodiscard]] std::vector<std::int32_t> window(std::span<const std::int32_t> tokens,
                                               const WindowRule& rule, std::int64_t index);

} // namespace bwla
