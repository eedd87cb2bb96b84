// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/study_rows.h"

#include "core/error.h"

#include <algorithm>
#include <set>
#include <string>

namespace bwla {
namespace {

using S = QuantizeSettings;

/// Signs and scales in the plain metric: no rotation, no low rank, no calibration.
void signsOnly(S& s) {
    s.rotation = RotationKind::none;
    s.metric = Metric::plain;
    s.targetMix = 0.0;
    s.rank = 0;
    s.columnScales = false;
}

void gptq(S& s) {
    signsOnly(s);
    s.metric = Metric::activation;
    s.gptqRounds = 1;
    s.flipRounds = 0;
}

/// The closed form without its low rank, under another rotation.
void turned(S& s, RotationKind rotation, FactorRule factors = FactorRule::equal) {
    s.rank = 0;
    s.rotation = rotation;
    s.factors = factors;
}

void plainPsp(S& s, RotationKind rotation) {
    s.rotation = rotation;
    s.metric = Metric::plain;
    s.targetMix = 0.0;
}

void trained(S& s, Refinement refinement, RotationKind rotation) {
    s.refinement = refinement;
    s.rotation = rotation;
}

using R = RotationKind;
using T = StudyTopic;

std::string_view topicName(T topic) {
    return topic == T::steps ? "steps" : topic == T::rotations ? "rotations" : "training";
}

} // namespace

const std::vector<StudyRow>& studyRows() {
    static const std::vector<StudyRow> rows{
        {"sign", T::steps, "sign + row scale", [](S& s) { signsOnly(s); }},
        {"arb-rc", T::steps, "sign + row and column scales, alternating (ARB-RC)",
         [](S& s) {
             signsOnly(s);
             s.columnScales = true;
         }},
        {"gptq", T::steps, "sign + row scale with GPTQ compensation", [](S& s) { gptq(s); }},
        {"h", T::steps, "fits in the inputs' metric: GPTQ, flips, row and column scales",
         [](S& s) {
             turned(s, R::none);
             s.targetMix = 0.0;
         }},
        {"target", T::steps, "+ corrected target W*", [](S& s) { turned(s, R::none); }},
        {"okt-plain", T::steps, "OKT, plain metric",
         [](S& s) {
             plainPsp(s, R::learned);
             s.rank = 0;
         }},
        {"psp-plain", T::steps, "PSP, plain metric, no rotation",
         [](S& s) { plainPsp(s, R::none); }},
        {"okt-psp-plain", T::steps, "OKT + PSP, plain metric",
         [](S& s) { plainPsp(s, R::learned); }},
        {"psp", T::steps, "PSP in the inputs' metric with W*, no rotation",
         [](S& s) { s.rotation = R::none; }},
        {"closed", T::steps, "OKT + PSP in the inputs' metric with W* (the closed form)",
         [](S&) {}},
        {"random", T::rotations, "random rotation", [](S& s) { turned(s, R::random); }},
        {"hadamard", T::rotations, "Hadamard rotation", [](S& s) { turned(s, R::hadamard); }},
        {"okt-hard", T::rotations, "OKT, hard assignments",
         [](S& s) {
             turned(s, R::learned);
             s.oktMode = OktMode::hard;
         }},
        {"okt", T::rotations, "OKT, soft assignments", [](S& s) { turned(s, R::learned); }},
        {"okt-outputs", T::rotations, "OKT, soft, weighted by the inputs' metric",
         [](S& s) {
             turned(s, R::learned);
             s.oktObjective = OktObjective::outputs;
         }},
        {"okt-inputs", T::rotations, "OKT, soft, sampled inputs as further rows",
         [](S& s) {
             turned(s, R::learned);
             s.oktObjective = OktObjective::inputs;
         }},
        {"random-wide", T::rotations, "random rotation, wide factors",
         [](S& s) { turned(s, R::random, FactorRule::wide); }},
        {"okt-wide", T::rotations, "OKT, soft, wide factors",
         [](S& s) { turned(s, R::learned, FactorRule::wide); }},
        {"random-psp", T::rotations, "random rotation + PSP", [](S& s) { s.rotation = R::random; }},
        {"hadamard-psp", T::rotations, "Hadamard rotation + PSP",
         [](S& s) { s.rotation = R::hadamard; }},
        {"outputs-psp", T::rotations, "OKT weighted by the inputs' metric + PSP",
         [](S& s) { s.oktObjective = OktObjective::outputs; }},
        {"inputs-psp", T::rotations, "OKT with sampled inputs as further rows + PSP",
         [](S& s) { s.oktObjective = OktObjective::inputs; }},
        {"scales-none", T::training, "no rotation + PSP, then KL of scales",
         [](S& s) { trained(s, Refinement::scales, R::none); }},
        {"scales-random", T::training, "random rotation + PSP, then KL of scales",
         [](S& s) { trained(s, Refinement::scales, R::random); }},
        {"scales", T::training, "OKT + PSP, then KL of scales",
         [](S& s) { trained(s, Refinement::scales, R::learned); }},
        {"signs", T::training, "OKT + PSP, then KL of signs and scales",
         [](S& s) { trained(s, Refinement::signs, R::learned); }},
    };
    return rows;
}

std::vector<StudyRow> chosenStudyRows(std::string_view list) {
    std::set<std::string_view> wanted;
    for (std::size_t start = 0; start <= list.size();) {
        const std::size_t end = std::min(list.find(',', start), list.size());
        wanted.insert(list.substr(start, end - start));
        start = end + 1;
    }
    std::set<std::string_view> unknown = wanted;
    std::vector<StudyRow> chosen;
    for (const StudyRow& row : studyRows()) {
        bool take = false;
        for (const std::string_view name :
             {row.name, topicName(row.topic), std::string_view("all")}) {
            take = take || wanted.contains(name);
            unknown.erase(name);
        }
        if (take)
            chosen.push_back(row);
    }
    if (!unknown.empty())
        throw Error(ErrorCode::badArgument)
            .because("--rows: \"" + std::string(*unknown.begin()) +
                     "\" is neither a row nor one of all, steps, rotations, training. bwla study "
                     "--list names the rows.");
    return chosen;
}

bool dependsOnSeed(const StudyRow& row) {
    QuantizeSettings settings;
    row.change(settings);
    return row.topic != StudyTopic::training && settings.rotation != RotationKind::none;
}

} // namespace bwla
