// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/run_checks.h"

#include "core/error.h"
#include "core/model/json_text.h"
#include "core/quant/recipe.h"
#include "core/store/database.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/process_memory.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QRegularExpression>
#include <QStorageInfo>

namespace bwla::ui {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("bwla::ui::RunChecks", text);
}

/// The nearest folder above `path` that exists.
QString existingParent(const QString& path) {
    QDir folder = QFileInfo(path).absoluteDir();
    while (!folder.exists() && folder.cdUp()) {
    }
    return folder.absolutePath();
}

RunCheck memoryCheck(const QuantizeEstimate& e) {
    const double available = availableBytes();
    if (!e.peakBytes || available <= 0.0)
        return {RunCheck::State::unknown, tr("Memory: %1 free").arg(bytesText(available)),
                tr("Not measured yet for a run that trains.")};
    const QString title =
        tr("Memory: %1 of %2 free")
            .arg(bytesRangeText(e.peakBytes->low, e.peakBytes->high), bytesText(available));
    if (e.peakBytes->low > available)
        return {RunCheck::State::failed, title, tr("Lower Tokens, or close other programs.")};
    if (e.peakBytes->high > available)
        return {RunCheck::State::unknown, title,
                tr("May be just too little. Lower Tokens to be safe.")};
    return {RunCheck::State::passed, title, tr("Estimated from shapes and one measured run")};
}

RunCheck diskCheck(const QuantizeSettings& s, const QuantizeEstimate& e) {
    const QStorageInfo disk(existingParent(QString::fromStdString(s.outputPath)));
    const auto free = static_cast<double>(disk.bytesAvailable());
    const auto needed = static_cast<double>(e.diskBytes);
    const QString title = tr("Disk: %1 of %2 free").arg(bytesText(needed), bytesText(free));
    if (needed > free)
        return {RunCheck::State::failed, title,
                tr("Free %1, or choose another folder.").arg(bytesText(needed - free))};
    return {RunCheck::State::passed, title,
            tr("%1 of it for the finished blocks while running")
                .arg(bytesText(static_cast<double>(e.linearBytes)))};
}

RunCheck calibrationCheck(const ModelSummary& model, const QuantizeSettings& s) {
    if (model.tokenizerError)
        return {RunCheck::State::failed, tr("No tokenizer"), errorText(*model.tokenizerError)};
    QString file = QString::fromStdString(s.calibration);
    if (file == "self")
        return {RunCheck::State::passed, tr("Tokenizer found"),
                tr("The model writes its calibration text itself.")};
    if (file.endsWith("+self"))
        file.chop(5);
    const QFileInfo info(file);
    if (!info.isFile() || !info.isReadable())
        return {RunCheck::State::failed, tr("Calibration text is missing"),
                tr("%1 cannot be read. Choose another file.").arg(shortPath(file))};
    // About four bytes a token in English: enough to warn before the run counts exactly.
    if (static_cast<double>(info.size()) < 2.0 * static_cast<double>(s.tokens))
        return {RunCheck::State::unknown, tr("Calibration text may be short"),
                tr("%1 for %2 tokens. Lower Tokens, or choose a longer text.")
                    .arg(bytesText(static_cast<double>(info.size())), wholeText(s.tokens))};
    return {RunCheck::State::passed, tr("Tokenizer and calibration text found"), shortPath(file)};
}

RunCheck outputCheck(const QuantizeSettings& s) {
    const QString out = QString::fromStdString(s.outputPath);
    if (out.isEmpty())
        return {RunCheck::State::failed, tr("No output folder"), tr("Name one under Save to.")};
    const QString parent = existingParent(out);
    if (!QFileInfo(parent).isWritable())
        return {RunCheck::State::failed, tr("Output folder is read-only"),
                tr("%1 cannot be written. Choose another folder.").arg(shortPath(parent))};
    switch (outputState(s).kind) {
    case OutputState::Kind::free:
        return {RunCheck::State::passed, tr("Output folder is free"), shortPath(out)};
    case OutputState::Kind::unfinished:
        return {RunCheck::State::passed, tr("An unfinished run is there"),
                tr("Resume continues it.")};
    case OutputState::Kind::otherRecipe:
        return {RunCheck::State::failed, tr("An unfinished run with other settings is there"),
                tr("Start over, or choose another folder.")};
    case OutputState::Kind::finished:
        break;
    }
    return {RunCheck::State::failed, tr("The output folder exists already"),
            tr("Choose another name under Save to.")};
}

} // namespace

OutputState outputState(const QuantizeSettings& settings) {
    const QString out = QString::fromStdString(settings.outputPath);
    if (QFileInfo::exists(out))
        return {.kind = OutputState::Kind::finished};
    const QDir partial(out + ".partial");
    if (!partial.exists("recipe.json"))
        return {};
    OutputState state{.kind = OutputState::Kind::otherRecipe};
    state.blocks = static_cast<int>(partial.entryList({"block-*.safetensors"}).size());
    try {
        const Json stored = readJson(partial.filePath("recipe.json").toStdString());
        if (stored.is_object() && stored.contains("recipe") &&
            sameRecipe(stored["recipe"].dump(), recipeJson(settings)))
            state.kind = OutputState::Kind::unfinished;
    } catch (const Error&) { // a damaged recipe matches nothing
    }
    return state;
}

QList<RunCheck> checkRun(const ModelSummary& model, const QuantizeSettings& settings,
                         const QuantizeEstimate& estimate) {
    return {memoryCheck(estimate), diskCheck(settings, estimate), calibrationCheck(model, settings),
            outputCheck(settings)};
}

QString freeOutputPath(const ModelSummary& model, int activationBits) {
    static const QRegularExpression storedType("[.-](Q\\d\\w*|BF16|F16|F32)$",
                                               QRegularExpression::CaseInsensitiveOption);
    QString name = QString::fromStdString(model.name).section('/', -1);
    name.remove(storedType);
    const QString base = QString::fromStdString((dataFolder() / "models").string()) + "/" + name +
                         "-W1A" + QString::number(activationBits);
    QString path = base;
    for (int i = 2; QFileInfo::exists(path); ++i)
        path = base + "-" + QString::number(i);
    return path;
}

} // namespace bwla::ui
