// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/model_details.h"

#include "ui/models/size_bars.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/quality_text.h"
#include "ui/widgets/themed_icon.h"

#include <QClipboard>
#include <QDialog>
#include <QFormLayout>
#include <QGuiApplication>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>

namespace bwla::ui {
namespace {

/// A label that can be selected, and is wrapped rather than cut.
QLabel* valueLabel(const QString& text) {
    QLabel* value = label(text);
    value->setWordWrap(true);
    value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return value;
}

QFrame* separator() {
    auto* line = new QFrame;
    line->setProperty("line", true);
    return line;
}

std::int64_t linearCount(const ModelConfig& config) {
    std::int64_t count = 0;
    for (const InputGroup& g : groups())
        count += config.layers * static_cast<std::int64_t>(g.linears.size());
    return count;
}

QString familyText(const ModelSummary& summary) {
    QString family = QString::fromStdString(summary.config.family);
    if (!family.isEmpty())
        family[0] = family[0].toUpper();
    return family;
}

/// An artifact's `calibration`: "self", a text's hash, or both.
QString calibrationText(const std::string& source) {
    const QString text = QString::fromStdString(source);
    if (text == "self")
        return ModelDetails::tr("text that the model wrote itself");
    const QString file = ModelDetails::tr("a text file (hash %1)").arg(text.left(8));
    return text.endsWith("+self")
               ? ModelDetails::tr("%1 and text that the model wrote itself").arg(file)
               : file;
}

QString typesText(const ModelSummary& summary) {
    QStringList types;
    for (const std::string& type : summary.types)
        types << QString::fromStdString(type);
    return types.join(", ");
}

} // namespace

ModelDetails::ModelDetails(Theme& theme, QWidget* parent)
    : QFrame(parent), theme_(theme), name_(label({}, "name")), place_(label({}, "caption")),
      problem_(new Banner(theme)), facts_(new QWidget), form_(new QFormLayout(facts_)),
      estimate_(new QWidget), bars_(new SizeBars(theme)), time_(label({}, "title")),
      memory_(label({}, "title")), bits_(label({}, "title")), warning_(new Banner(theme)),
      quantize_(new QPushButton(tr("Quantize…"))), chat_(new QPushButton(tr("Chat"))),
      inspect_(new QPushButton(tr("Inspect"))), files_(new QPushButton(tr("Show files"))),
      more_(new QPushButton) {
    setProperty("card", true);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 16);
    auto* scroll = new QScrollArea;
    auto* inner = new QWidget;
    inner->setObjectName("scrolled");
    scroll->setWidget(inner);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    outer->addWidget(scroll, 1);
    auto* column = new QVBoxLayout(inner);
    column->setContentsMargins(16, 16, 16, 0);
    column->setSpacing(4);
    name_->setWordWrap(true);
    name_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    place_->setWordWrap(true);
    place_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    form_->setContentsMargins(0, 8, 0, 8);
    form_->setVerticalSpacing(6);
    form_->setHorizontalSpacing(16);
    for (QWidget* part : {static_cast<QWidget*>(name_), static_cast<QWidget*>(place_),
                          static_cast<QWidget*>(problem_), facts_})
        column->addWidget(part);
    makeEstimate(column);
    column->addStretch();
    makeButtons(outer);
    show(std::nullopt);
}

void ModelDetails::makeEstimate(QVBoxLayout* column) {
    auto* box = new QVBoxLayout(estimate_);
    box->setContentsMargins(0, 0, 0, 0);
    box->setSpacing(8);
    auto* head = new QHBoxLayout;
    head->addWidget(label(tr("After quantizing"), "title"));
    head->addStretch();
    head->addWidget(label(tr("preset fast, estimate"), "caption"));
    auto* figures = new QHBoxLayout;
    const auto figure = [&](const QString& name, QLabel* value, const QString& help) {
        auto* cell = new QVBoxLayout;
        cell->setSpacing(0);
        cell->addWidget(label(name, "caption"));
        cell->addWidget(value);
        value->setToolTip(help);
        figures->addLayout(cell);
    };
    figure(tr("Time"), time_,
           tr("An estimate: the one measured run (SmolLM2-135M, 2 cores of an AVX-512 server), "
              "scaled by the operations of this model and by this machine's cores."));
    figure(tr("Peak memory"), memory_,
           tr("An estimate of the program's resident memory: what calibration text and the widest "
              "layer hold at once, on top of the measured run's base."));
    figure(tr("Bits, linear"), bits_,
           tr("Bits a weight of the decoder's linear layers, all scales, rotations and low-rank "
              "factors included: exact, from the shapes."));
    box->addWidget(separator());
    box->addLayout(head);
    box->addWidget(bars_);
    box->addLayout(figures);
    box->addWidget(warning_);
    column->addWidget(estimate_);
}

void ModelDetails::makeButtons(QVBoxLayout* column) {
    auto* box = new QVBoxLayout;
    box->setContentsMargins(16, 8, 16, 0);
    box->setSpacing(8);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    for (QPushButton* button : {chat_, files_})
        row->addWidget(button, 1);
    more_->setFixedWidth(40);
    more_->setAccessibleName(tr("More"));
    more_->setToolTip(tr("More"));
    row->addWidget(more_);
    box->addLayout(row);
    quantize_->setProperty("kind", "primary");
    quantize_->setProperty("tall", true);
    quantize_->setToolTip(tr("Ctrl+Enter"));
    chat_->setToolTip(tr("Ctrl+Shift+Enter"));
    inspect_->setProperty("kind", "primary");
    inspect_->setProperty("tall", true);
    box->addWidget(quantize_);
    box->addWidget(inspect_);
    column->addLayout(box);
    const auto onAccent = [](const Tokens& t) { return t.onAccent; };
    setThemedIcon(theme_, quantize_, "quantize", onAccent);
    setThemedIcon(theme_, chat_, "chat");
    setThemedIcon(theme_, inspect_, "inspect", onAccent);
    setThemedIcon(theme_, files_, "folder");
    setThemedIcon(theme_, more_, "more");
    connect(quantize_, &QPushButton::clicked, this, &ModelDetails::quantizeClicked);
    connect(chat_, &QPushButton::clicked, this, &ModelDetails::chatClicked);
    connect(inspect_, &QPushButton::clicked, this, &ModelDetails::inspectClicked);
    connect(files_, &QPushButton::clicked, this, &ModelDetails::filesClicked);
    auto* menu = new QMenu(more_);
    connect(menu->addAction(tr("Copy path")), &QAction::triggered, this,
            [this] { QGuiApplication::clipboard()->setText(path_); });
    QAction* removeAction = menu->addAction(tr("Remove from the list"));
    removeAction->setShortcut(Qt::Key_Delete);
    removeAction->setShortcutContext(Qt::WidgetShortcut);
    connect(removeAction, &QAction::triggered, this, &ModelDetails::removeClicked);
    more_->setMenu(menu);
}

void ModelDetails::show(const std::optional<ModelRow>& row) {
    const bool sound = row && row->summary;
    const bool quantized = row && row->quantized();
    path_ = row ? row->path : QString();
    name_->setText(row ? row->name() : tr("No model chosen"));
    place_->setText(row ? shortPath(row->path) : tr("Choose a model in the list."));
    while (form_->rowCount() > 0)
        form_->removeRow(0);
    problem_->setVisible(false);
    if (row && !row->problem.isEmpty())
        problem_->show(row->state == ModelState::failed ? Banner::Tone::bad : Banner::Tone::warn,
                       row->state == ModelState::failed ? tr("This model cannot be opened.")
                                                        : tr("No usable tokenizer."),
                       row->problem);
    facts_->setVisible(sound);
    estimate_->setVisible(sound && !quantized);
    if (sound) {
        fillFacts(*row->summary);
        if (quantized)
            fillBits(*row->summary);
        else
            fillEstimate(*row->summary);
    }
    const bool usable = sound && row->state == ModelState::ready;
    quantize_->setVisible(!quantized);
    inspect_->setVisible(quantized);
    quantize_->setEnabled(usable);
    chat_->setEnabled(usable);
    inspect_->setEnabled(sound);
    files_->setEnabled(row.has_value());
    more_->setEnabled(row.has_value());
}

void ModelDetails::addFact(const QString& name, const QString& value, const QString& help) {
    QLabel* text = valueLabel(value);
    text->setToolTip(help);
    form_->addRow(label(name, "secondary"), text);
}

void ModelDetails::fillFacts(const ModelSummary& s) {
    const ModelConfig& c = s.config;
    addFact(tr("Family"), familyText(s));
    addFact(tr("Shape"),
            tr("%1 blocks, width %2, %3 heads")
                .arg(wholeText(c.layers), wholeText(c.width), wholeText(c.heads)),
            tr("Decoder blocks, numbers a token is carried as, attention heads (%1 of keys and "
               "values).")
                .arg(c.kvHeads));
    addFact(
        tr("Parameters"), countText(static_cast<double>(c.parameters())),
        tr("Decoder, norms, embeddings and an untied head: %1.").arg(wholeText(c.parameters())));
    addFact(tr("Linear layers"),
            tr("%1, %2 weights")
                .arg(wholeText(linearCount(c)), countText(static_cast<double>(c.decoderWeights()))),
            tr("The matrices that become 1 bit. Embeddings and head stay at 8 bits."));
    addFact(tr("Stored as"), tr("%1, %2").arg(typesText(s), QString::fromStdString(s.format)),
            tr("Element types of the linear weights, most common first."));
    addFact(tr("Context"), tr("%1 tokens").arg(wholeText(c.context)),
            tr("Positions the model was trained for."));
    const QString kind = QString::fromStdString(s.tokenizer);
    addFact(tr("Tokenizer"), s.tokenizerError ? tr("missing")
                                              : tr("Byte-level BPE%1, %2 tokens")
                                                    .arg(kind.isEmpty() ? kind : " (" + kind + ")",
                                                         wholeText(s.tokenizerTokens)));
    template_ = QString::fromStdString(s.chatTemplate);
    if (template_.isEmpty()) {
        addFact(tr("Chat template"), tr("none"));
    } else {
        auto* link = new QPushButton(tr("Show…"));
        link->setProperty("small", true);
        link->setAccessibleName(tr("Show the chat template"));
        connect(link, &QPushButton::clicked, this, &ModelDetails::showTemplate);
        auto* cell = new QHBoxLayout;
        cell->addWidget(link);
        cell->addStretch();
        form_->addRow(label(tr("Chat template"), "secondary"), cell);
    }
    addFact(tr("Licence"), s.licence.empty() ? tr("not stated") : QString::fromStdString(s.licence),
            tr("As the model's own files state it."));
}

void ModelDetails::fillBits(const ModelSummary& s) {
    const BitsLedger& bits = *s.ledger;
    addFact(tr("Bits, linear"), numberText(bits.bitsPerWeight(), 3),
            tr("All bits of the linear layers (signs, scales, rotations, low rank) over their "
               "weights, from the bytes of the files."));
    addFact(tr("Bits, whole file"),
            numberText(static_cast<double>(s.fileBytes) * 8.0 /
                           static_cast<double>(s.config.parameters()),
                       2),
            tr("All bytes of the folder over all parameters."));
    addFact(tr("Calibrated on"), calibrationText(s.calibration));
}

void ModelDetails::fillEstimate(const ModelSummary& s) {
    const QuantizeSettings settings = presetSettings("fast");
    const QuantizeEstimate e = estimateQuantization(s.config, settings, s.fileBytes, thisMachine());
    bars_->setSizes(static_cast<double>(s.fileBytes), static_cast<double>(e.linearBytes),
                    static_cast<double>(e.embeddingBytes));
    time_->setText(e.seconds ? durationRangeText(e.seconds->low, e.seconds->high) : "–");
    memory_->setText(e.peakBytes ? bytesRangeText(e.peakBytes->low, e.peakBytes->high) : "–");
    bits_->setText(numberText(e.ledger.bitsPerWeight(), 3));
    warning_->show(Banner::Tone::warn, tr("At 1 bit, models answer worse, small ones visibly."),
                   qualityText(s.config, settings));
}

void ModelDetails::showTemplate() {
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Chat template of %1").arg(name_->text()));
    dialog->resize(640, 480);
    auto* column = new QVBoxLayout(dialog);
    auto* text = new QPlainTextEdit(template_);
    text->setReadOnly(true);
    text->setFont(theme_.font(TextRole::fixed));
    text->setAccessibleName(tr("Chat template, Jinja"));
    column->addWidget(text);
    dialog->show();
}

} // namespace bwla::ui
