// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/gguf_tokenizer.h"

#include "core/error.h"

#include <algorithm>
#include <array>

namespace bwla {
namespace {

// tokenizer.ggml.token_type: ggml, docs/gguf.md
constexpr std::int64_t controlType = 3;
constexpr std::int64_t userDefinedType = 4;

/// Ends of a turn that converters often leave out of the metadata.
constexpr std::array<std::string_view, 3> turnEnds{"<|eot_id|>", "<|eom_id|>", "<|im_end|>"};

class Reader {
public:
    explicit Reader(const GgufFile& file) : file_(file), metadata_(file.metadata()) {}

    [[nodiscard]] TokenizerData read() {
        checkKind();
        for (const std::string_view token : metadata_.texts("tokenizer.ggml.tokens"))
            data_.tokens.emplace_back(token);
        for (const std::string_view merge : metadata_.texts("tokenizer.ggml.merges"))
            data_.merges.emplace_back(merge);
        if (data_.tokens.empty())
            throw Error(ErrorCode::missingTokenizer).in(file_.path().string());
        readSpecial();
        data_.preTokenizer = metadata_.text("tokenizer.ggml.pre").value_or("");
        data_.ignoreMerges = data_.preTokenizer == "llama-bpe";
        data_.bos = id("bos").value_or(-1);
        // llama.cpp's rule: Llama 3 begins with BOS unless the file says otherwise
        data_.addBos = metadata_.boolean("tokenizer.ggml.add_bos_token")
                           .value_or(data_.preTokenizer == "llama-bpe");
        readEnds();
        data_.chatTemplate = metadata_.text("tokenizer.chat_template").value_or("");
        return std::move(data_);
    }

private:
    void checkKind() const {
        const auto kind = metadata_.text("tokenizer.ggml.model");
        if (!kind)
            throw Error(ErrorCode::missingTokenizer).in(file_.path().string());
        if (*kind != "gpt2")
            throw Error(ErrorCode::unsupportedTokenizer)
                .in(file_.path().string())
                .because(*kind == "llama" ? "SentencePiece, \"llama\"" : *kind);
    }

    void readSpecial() {
        const auto& types = metadata_.integers("tokenizer.ggml.token_type");
        if (!types.empty() && types.size() != data_.tokens.size())
            refuse("tokenizer.ggml.token_type has " + std::to_string(types.size()) +
                   " entries for " + std::to_string(data_.tokens.size()) + " tokens");
        for (std::size_t i = 0; i < types.size(); ++i) {
            if (types[i] == controlType || types[i] == userDefinedType)
                data_.special.push_back(static_cast<std::int32_t>(i));
            if (types[i] == controlType)
                data_.control.push_back(static_cast<std::int32_t>(i));
        }
    }

    void readEnds() {
        for (const char* role : {"eos", "eot", "eom"})
            if (const auto end = id(role))
                addEnd(*end);
        for (const std::int32_t i : data_.control)
            if (std::ranges::count(turnEnds, data_.tokens[static_cast<std::size_t>(i)]) > 0)
                addEnd(i);
    }

    void addEnd(std::int32_t end) {
        if (std::ranges::count(data_.eos, end) == 0)
            data_.eos.push_back(end);
    }

    [[nodiscard]] std::optional<std::int32_t> id(const std::string& role) const {
        const std::string key = "tokenizer.ggml." + role + "_token_id";
        const auto value = metadata_.integer(key);
        if (!value)
            return std::nullopt;
        if (*value < 0 || *value >= static_cast<std::int64_t>(data_.tokens.size()))
            refuse(key + " is no token");
        return static_cast<std::int32_t>(*value);
    }

    [[noreturn]] void refuse(const std::string& complaint) const {
        throw Error(ErrorCode::corrupt).in(file_.path().string()).because(complaint);
    }

    const GgufFile& file_;
    const GgufMetadata& metadata_;
    TokenizerData data_;
};

} // namespace

TokenizerData ggufTokenizer(const GgufFile& file) {
    return Reader(file).read();
}

} // namespace bwla
