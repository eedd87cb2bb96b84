// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/golden_probe.h"

#include "core/engine/session.h"
#include "core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>

namespace bwla {
namespace {

using Json = nlohmann::json;
using Tokens = std::vector<std::int32_t>;

constexpr std::size_t topCount = 20;
constexpr int probeBits = 16;
constexpr const char* probeFile = "golden_probe.json";

constexpr std::array prompts{
    "The capital of France is",
    "def add(a, b):\n    return",
    "In 1969, two people walked on",
    "Q: What is 7 times 8?\nA:",
};

/// Ids for models without tokenizer: distinct, spread over the vocabulary, one prompt a number.
Tokens fixedTokens(std::int64_t prompt, std::int64_t vocabulary) {
    Tokens tokens;
    for (std::int64_t i = 0; i < 6; ++i)
        tokens.push_back(static_cast<std::int32_t>((7919 * (6 * prompt + i) + 1) % vocabulary));
    return tokens;
}

double sixDigits(float value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", double(value));
    return std::strtod(text.data(), nullptr);
}

std::span<const float> answer(Session& session, const Tokens& tokens) {
    session.rewind(0);
    const auto logits = session.feed(tokens);
    if (!std::ranges::all_of(logits, [](float v) { return std::isfinite(v); }))
        throw Error(ErrorCode::numeric).because("a logit of the probe");
    return logits;
}

/// Ids of the largest logits, largest first; equal ones by id.
Tokens topIds(std::span<const float> logits) {
    Tokens ids(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
    const std::size_t count = std::min(topCount, ids.size());
    std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count),
                              [&](std::int32_t a, std::int32_t b) {
                                  const float left = logits[static_cast<std::size_t>(a)];
                                  const float right = logits[static_cast<std::size_t>(b)];
                                  return left != right ? left > right : a < b;
                              });
    ids.resize(count);
    return ids;
}

Session probeSession(Transformer& model) {
    return {model, 64, probeBits};
}

double promptError(Session& session, const Json& prompt) {
    const auto ids = prompt.at("top_ids").get<Tokens>();
    const auto stored = prompt.at("top_logits").get<std::vector<double>>();
    const auto logits = answer(session, prompt.at("tokens").get<Tokens>());
    if (stored.empty() || ids.size() != stored.size())
        throw Error(ErrorCode::corrupt).because("the probe has not one id for each logit");
    double error = 0.0;
    double largest = 0.0;
    for (std::size_t i = 0; i < stored.size(); ++i) {
        if (ids[i] < 0 || ids[i] >= std::ssize(logits))
            throw Error(ErrorCode::corrupt).because("the probe has an id outside the vocabulary");
        error = std::max(error, std::abs(logits[static_cast<std::size_t>(ids[i])] - stored[i]));
        largest = std::max(largest, std::abs(stored[i]));
    }
    return error == 0.0 ? 0.0 : error / largest; // a model of zeros answers zeros
}

std::optional<Tokenizer> tokenizerOf(const Artifact& artifact) {
    try {
        return Tokenizer(artifact.tokenizer());
    } catch (const Error& error) {
        if (error.code != ErrorCode::missingTokenizer)
            throw;
        return std::nullopt;
    }
}

std::string readProbe(const Artifact& artifact) {
    std::ifstream stream(artifact.path() / probeFile, std::ios::binary);
    if (!stream)
        throw Error(ErrorCode::notFound).in((artifact.path() / probeFile).string());
    return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace

std::string makeProbe(Transformer& model, const Tokenizer* tokenizer) {
    Session session = probeSession(model);
    Json list = Json::array();
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        const Tokens tokens = tokenizer != nullptr
                                  ? tokenizer->encode(prompts[i], false)
                                  : fixedTokens(std::int64_t(i), model.config().vocabulary);
        const auto logits = answer(session, tokens);
        const Tokens ids = topIds(logits);
        std::vector<double> values;
        for (const std::int32_t id : ids)
            values.push_back(sixDigits(logits[static_cast<std::size_t>(id)]));
        list.push_back({{"text", tokenizer != nullptr ? prompts[i] : ""},
                        {"tokens", tokens},
                        {"top_ids", ids},
                        {"top_logits", values}});
    }
    const Json probe{
        {"activation_bits", probeBits}, {"tolerance", probeTolerance}, {"prompts", list}};
    return probe.dump(1) + "\n";
}

ProbeCheck checkProbe(Transformer& model, const Tokenizer* tokenizer, std::string_view probe) {
    ProbeCheck check;
    try {
        Session session = probeSession(model);
        const Json json = Json::parse(probe);
        if (json.at("prompts").empty())
            throw Error(ErrorCode::corrupt).because("the probe has no prompt");
        for (const Json& prompt : json.at("prompts")) {
            const auto text = prompt.at("text").get<std::string>();
            if (tokenizer != nullptr && !text.empty())
                check.sameTokens &= tokenizer->encode(text, false) ==
                                    prompt.at("tokens").get<std::vector<std::int32_t>>();
            check.maxError = std::max(check.maxError, promptError(session, prompt));
        }
    } catch (const Json::exception& error) {
        throw Error(ErrorCode::corrupt).because(error.what());
    }
    return check;
}

ProbeMaker probeMaker() {
    return [](const std::filesystem::path& folder) {
        const auto artifact = Artifact::open(folder);
        const auto tokenizer = tokenizerOf(*artifact);
        const auto backend = makeCpuBackend();
        Transformer model(*backend, *artifact);
        return makeProbe(model, tokenizer ? &*tokenizer : nullptr);
    };
}

ArtifactCheck verifyArtifact(const Artifact& artifact, Backend& backend) {
    artifact.checkHashes();
    const auto tokenizer = tokenizerOf(artifact);
    Transformer model(backend, artifact);
    ProbeCheck check;
    try {
        check = checkProbe(model, tokenizer ? &*tokenizer : nullptr, readProbe(artifact));
    } catch (Error& error) {
        if (error.file.empty())
            error.file = (artifact.path() / probeFile).string();
        throw;
    }
    if (!check.sameTokens)
        throw Error(ErrorCode::probeMismatch)
            .in(artifact.path().string())
            .because("its tokenizer splits text differently");
    if (!check.ok()) {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "relative error %.2g", check.maxError);
        throw Error(ErrorCode::probeMismatch).in(artifact.path().string()).because(text.data());
    }
    return {.probeMaxError = check.maxError, .tensors = artifact.tensorCount()};
}

} // namespace bwla
