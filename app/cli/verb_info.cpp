// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/model/open_model.h"

#include <map>
#include <memory>
#include <optional>

namespace bwla {
namespace {

/// A model without a tokenizer can still be described.
std::optional<TokenizerData> tokenizerOf(const OpenModel& model) {
    try {
        return model.tokenizer();
    } catch (const Error& error) {
        if (error.code != ErrorCode::missingTokenizer)
            throw;
        return std::nullopt;
    }
}

std::string tokenizerName(const TokenizerData& data) {
    return data.preTokenizer.empty() ? "bpe" : data.preTokenizer;
}

std::vector<std::string> dtypesOf(const OpenModel& model) {
    if (model.source() != nullptr)
        return model.source()->dtypes();
    std::vector<std::string> types = model.artifact()->keptTypes();
    types.insert(types.begin(), "W1");
    return types;
}

OrderedJson infoDocument(const OpenModel& model) {
    const ModelConfig& config = model.config();
    const auto tokenizer = tokenizerOf(model);
    const bool hasTemplate = tokenizer && !tokenizer->chatTemplate.empty();
    OrderedJson document{
        {"family", config.family},
        {"parameters", config.parameters()},
        {"layers", config.layers},
        {"width", config.width},
        {"context", config.context},
        {"dtypes", dtypesOf(model)},
        {"tokenizer", tokenizer ? OrderedJson(tokenizerName(*tokenizer)) : OrderedJson(nullptr)},
        {"template", hasTemplate ? OrderedJson(tokenizer->chatTemplate) : OrderedJson(nullptr)}};
    if (model.artifact() == nullptr)
        return document;
    const BitsLedger ledger = model.artifact()->ledger();
    document["bits_linear"] = ledger.bitsPerWeight();
    document["bits_quantized"] = ledger.bitsPerQuantizedWeight();
    document["kept_share"] = ledger.keptShare();
    return document;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

/// "signs 1.000 + row scales 0.023 + ...": what the bits of a weight are spent on.
std::string ledgerText(const BitsLedger& ledger) {
    const std::pair<const char*, std::int64_t> parts[] = {
        {"signs", ledger.signBits},        {"row scales", ledger.rowScaleBits},
        {"row means", ledger.rowMeanBits}, {"column scales", ledger.columnScaleBits},
        {"rotation", ledger.rotationBits}, {"low rank", ledger.lowRankBits},
        {"clip", ledger.clipBits},         {"kept in float", ledger.keptBits},
    };
    std::string text;
    for (const auto& [name, bits] : parts)
        if (bits > 0)
            text += format("%s%s %.4f", text.empty() ? "" : " + ", name,
                           static_cast<double>(bits) / static_cast<double>(ledger.weights));
    return text;
}

/// "6 bits", or "5 bits on average (groups: 70 with 4, 48 with 6, 2 with 8)".
std::string activationText(const Artifact& artifact) {
    std::map<int, std::int64_t> groupsWith;
    for (const auto& list : artifact.groupBits())
        for (const int bits : list)
            ++groupsWith[bits];
    const std::string text = std::to_string(artifact.activationBits()) + " bits";
    std::vector<std::string> parts;
    for (const auto& [bits, count] : groupsWith)
        parts.push_back(std::to_string(count) + " with " + std::to_string(bits));
    return parts.empty() ? text : text + " on average (groups: " + joined(parts) + ")";
}

std::string infoText(const OpenModel& model) {
    const ModelConfig& config = model.config();
    const auto tokenizer = tokenizerOf(model);
    const auto number = [](std::int64_t n) { return std::to_string(n); };
    std::vector<std::pair<std::string, std::string>> lines{
        {"Model", config.name.empty() ? model.name() : config.name},
        {"Family", config.family},
        {"Parameters", countText(config.parameters())},
        {"Layers", number(config.layers)},
        {"Width", number(config.width) + ", feed-forward " + number(config.feedForward)},
        {"Heads", number(config.heads) + ", of keys and values " + number(config.kvHeads)},
        {"Context", number(config.context) + " tokens"},
        {"Weights", joined(dtypesOf(model)) + ", " + bytesText(model.fileBytes()) + " on disk"},
        {"Tokenizer", tokenizer ? tokenizerName(*tokenizer) + ", " +
                                      number(static_cast<std::int64_t>(tokenizer->tokens.size())) +
                                      " tokens"
                                : "missing"},
        {"Chat template", tokenizer && !tokenizer->chatTemplate.empty() ? "yes" : "none"}};
    if (model.artifact() != nullptr) {
        const BitsLedger ledger = model.artifact()->ledger();
        lines.emplace_back("Bits a weight",
                           format("%.4f = ", ledger.bitsPerWeight()) + ledgerText(ledger));
        if (ledger.keptWeights > 0)
            lines.emplace_back("Kept in float",
                               format("%.1f %% of the weights; %.4f bits a weight in the others",
                                      100.0 * ledger.keptShare(), ledger.bitsPerQuantizedWeight()));
        lines.emplace_back("Activations", activationText(*model.artifact()));
    }
    return alignedLines(lines);
}

} // namespace

void addInfo(Verbs& verbs) {
    auto path = std::make_shared<std::string>();
    CLI::App* verb = verbs.add("info", "What a model is", [path](const Call& call) {
        const OpenModel model(*path);
        if (call.console.json())
            call.console.document(infoDocument(model));
        else
            call.console.line(infoText(model));
    });
    verb->add_option("model", *path, "GGUF file, Hugging Face folder or quantized folder")
        ->required();
}

} // namespace bwla
