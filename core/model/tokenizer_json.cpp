// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/tokenizer_json.h"

#include "core/error.h"

#include <algorithm>

namespace bwla {
namespace {

constexpr std::int64_t idLimit = 1 << 24;

class Reader {
public:
    Reader(const Json& json, const std::filesystem::path& file) : json_(json), file_(file) {}

    [[nodiscard]] TokenizerData read() {
        const JsonObject root(json_, file_);
        const Json* model = root.find("model");
        if (model == nullptr)
            root.refuse("model", "is missing");
        readModel(JsonObject(*model, file_));
        if (const Json* added = root.find("added_tokens"))
            for (const Json& token : *added)
                readAdded(JsonObject(token, file_));
        if (root.find("normalizer") != nullptr)
            unsupported("normalizer " + kind(*root.find("normalizer")));
        if (const Json* step = root.find("pre_tokenizer"))
            readStep(*step);
        if (!byteLevel_)
            unsupported("no ByteLevel step");
        if (const Json* step = root.find("post_processor"))
            readPostProcessor(*step);
        return std::move(data_);
    }

private:
    [[nodiscard]] std::string kind(const Json& step) const {
        return JsonObject(step, file_).text("type").value_or("without a type");
    }

    [[noreturn]] void unsupported(const std::string& what) const {
        throw Error(ErrorCode::unsupportedTokenizer).in(file_.string()).because(what);
    }

    void readModel(const JsonObject& model) {
        const std::string type = model.text("type").value_or("BPE"); // absent in files before 2020
        if (type != "BPE")
            unsupported(type);
        if (model.boolean("byte_fallback").value_or(false))
            unsupported("BPE with byte fallback, as converted from SentencePiece");
        for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
            if (!model.text(affix).value_or("").empty())
                unsupported(std::string("BPE with ") + affix);
        data_.ignoreMerges = model.boolean("ignore_merges").value_or(false);
        const Json* vocabulary = model.find("vocab");
        const Json* merges = model.find("merges");
        if (vocabulary == nullptr || !vocabulary->is_object())
            model.refuse("vocab", "is missing");
        if (merges == nullptr || !merges->is_array())
            model.refuse("merges", "is missing");
        for (const auto& [token, id] : vocabulary->items())
            setToken(id, token);
        for (const Json& merge : *merges)
            readMerge(model, merge);
    }

    void readMerge(const JsonObject& model, const Json& merge) {
        if (merge.is_string())
            data_.merges.push_back(merge.get<std::string>());
        else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
                 merge[1].is_string())
            data_.merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
        else
            model.refuse("merges", "holds something else than pairs");
    }

    std::int32_t setToken(const Json& id, const std::string& text) {
        const JsonObject root(json_, file_);
        if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= idLimit)
            root.refuse("vocab", "gives " + text + " no sound id");
        const auto index = id.get<std::size_t>();
        if (index >= data_.tokens.size())
            data_.tokens.resize(index + 1);
        std::string& token = data_.tokens[index];
        if (!token.empty() && token != text)
            root.refuse("vocab", "gives " + token + " and " + text + " one id");
        token = text;
        return static_cast<std::int32_t>(index);
    }

    void readAdded(const JsonObject& token) {
        const std::string text = token.requiredText("content");
        for (const char* trait : {"lstrip", "rstrip", "single_word"})
            if (token.boolean(trait).value_or(false))
                unsupported("token " + text + " with " + trait);
        const Json* id = token.find("id");
        const std::int32_t index = setToken(id == nullptr ? Json() : *id, text);
        data_.special.push_back(index);
        if (token.boolean("special").value_or(false))
            data_.control.push_back(index);
    }

    void readStep(const Json& json) {
        const JsonObject step(json, file_);
        const std::string type = kind(json);
        if (type == "Sequence") {
            const Json* steps = step.find("pretokenizers");
            if (steps == nullptr || !steps->is_array())
                step.refuse("pretokenizers", "is missing");
            for (const Json& part : *steps)
                readStep(part);
        } else if (type == "Digits") {
            if (!step.boolean("individual_digits").value_or(false) || !data_.pattern.empty())
                unsupported("Digits in groups");
            data_.individualDigits = true;
        } else if (type == "Split") {
            readSplit(step);
        } else if (type == "ByteLevel") {
            readByteLevel(step);
        } else {
            unsupported("pre-tokenizer " + type);
        }
    }

    void readSplit(const JsonObject& step) {
        const Json* pattern = step.find("pattern");
        const std::string behavior = step.text("behavior").value_or("");
        const bool inverted = step.boolean("invert").value_or(false);
        // both keep every match and what lies between as pieces, given a regex that covers the text
        if (!(behavior == "Isolated" && !inverted) && !(behavior == "Removed" && inverted))
            unsupported("Split with behavior " + behavior);
        if (pattern == nullptr || !data_.pattern.empty() || byteLevel_)
            unsupported("Split more than once");
        const auto regex = JsonObject(*pattern, file_).text("Regex");
        if (!regex)
            unsupported("Split without a regex");
        data_.pattern = *regex;
    }

    void readByteLevel(const JsonObject& step) {
        byteLevel_ = true;
        if (step.boolean("add_prefix_space").value_or(true))
            unsupported("ByteLevel with add_prefix_space");
        const bool ownRegex = step.boolean("use_regex").value_or(true);
        if (ownRegex == !data_.pattern.empty())
            unsupported(ownRegex ? "Split before ByteLevel with its own regex"
                                 : "ByteLevel without any regex");
        data_.preTokenizer = ownRegex ? "gpt-2" : "";
    }

    /// The one post-processing that matters to a chat engine: BOS in front of a text.
    void readPostProcessor(const Json& json) {
        const JsonObject step(json, file_);
        const std::string type = kind(json);
        if (const Json* steps = step.find("processors"); type == "Sequence" && steps != nullptr) {
            for (const Json& part : *steps)
                readPostProcessor(part);
            return;
        }
        const Json* single = step.find("single");
        if (type != "TemplateProcessing" || single == nullptr || !single->is_array() ||
            single->empty())
            return;
        const JsonObject first(single->front(), file_);
        const Json* special = first.find("SpecialToken");
        if (special == nullptr)
            return;
        const std::string text = JsonObject(*special, file_).requiredText("id");
        const auto found = std::ranges::find(data_.tokens, text);
        if (found == data_.tokens.end())
            step.refuse("single", "begins with a token that is not there");
        data_.addBos = true;
        data_.bos = static_cast<std::int32_t>(found - data_.tokens.begin());
    }

    const Json& json_;
    const std::filesystem::path& file_;
    TokenizerData data_;
    bool byteLevel_ = false;
};

} // namespace

TokenizerData readTokenizerJson(const Json& json, const std::filesystem::path& file) {
    return Reader(json, file).read();
}

} // namespace bwla
