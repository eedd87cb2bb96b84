// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/done_view.h"

#include "ui/quantize/bits_view.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/themed_icon.h"

#include <QFileDialog>
#include <QHeaderView>
#include <QProgressBar>
#include <QPushButton>
#include <QTableWidget>

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int worstShown = 3;

QTableWidgetItem* cell(const QString& text, bool number) {
    auto* item = new QTableWidgetItem(text);
    item->setTextAlignment((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    return item;
}

} // namespace

DoneView::DoneView(Theme& theme, QWidget* parent)
    : QScrollArea(parent), theme_(theme), title_(label({}, "big")), facts_(label({}, "secondary")),
      before_(label({}, "big")), after_(label({}, "big")), protocol_(label({}, "caption")),
      progress_(new QProgressBar), measure_(new QPushButton(tr("Measure again"))),
      choose_(new QPushButton(tr("On another text…"))), qualityError_(new Banner(theme)),
      bits_(new BitsView(theme)), worst_(new QTableWidget(0, 5)) {
    auto* inner = new QWidget;
    inner->setObjectName("scrolled");
    setWidget(inner);
    setWidgetResizable(true);
    setFocusPolicy(Qt::NoFocus);
    auto* column = new QVBoxLayout(inner);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    column->addWidget(makeHead());
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(makeQuality(), 1);
    auto* ledger = new Card(tr("Where the bits go"));
    ledger->setDetail(tr("per linear weight, from the files"));
    ledger->body()->addWidget(bits_);
    ledger->body()->addStretch();
    row->addWidget(ledger, 1);
    column->addLayout(row);
    column->addWidget(makeWorst());
    column->addStretch();
}

QWidget* DoneView::makeHead() {
    auto* card = new QFrame;
    card->setProperty("card", true);
    auto* column = new QVBoxLayout(card);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    facts_->setWordWrap(true);
    facts_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(title_);
    column->addWidget(facts_);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    const auto button = [&](const QString& text, const char* icon, auto signal, bool primary) {
        auto* made = new QPushButton(text);
        if (primary)
            made->setProperty("kind", "primary");
        setThemedIcon(theme_, made, icon,
                      primary ? ColourOf([](const Tokens& t) { return t.onAccent; }) : ColourOf());
        connect(made, &QPushButton::clicked, this, signal);
        row->addWidget(made);
    };
    button(tr("Chat"), "chat", &DoneView::chatClicked, true);
    button(tr("Inspect"), "inspect", &DoneView::inspectClicked, false);
    button(tr("Show files"), "folder", &DoneView::filesClicked, false);
    button(tr("Quantize another way"), "quantize", &DoneView::againClicked, false);
    row->addStretch();
    column->addLayout(row);
    return card;
}

QWidget* DoneView::makeQuality() {
    auto* card = new Card(tr("Quick perplexity"));
    card->setDetail(tr("lower is better"));
    auto* figures = new QGridLayout;
    figures->addWidget(label(tr("Original"), "caption"), 0, 0);
    figures->addWidget(label(tr("Quantized"), "caption"), 0, 1);
    figures->addWidget(before_, 1, 0);
    figures->addWidget(after_, 1, 1);
    const QString help = tr(
        "exp of the mean loss over windows of 256 tokens, the first 64 of each as context, ± the "
        "standard error over windows. A first look on a short text: compare the two with each "
        "other, and with nothing else. `bwla eval` measures the protocols of papers.");
    before_->setToolTip(help);
    after_->setToolTip(help);
    protocol_->setWordWrap(true);
    progress_->setRange(0, 1000);
    progress_->setTextVisible(false);
    progress_->setAccessibleName(tr("Progress of the measurement"));
    auto* row = new QHBoxLayout;
    row->addWidget(measure_);
    row->addWidget(choose_);
    row->addStretch();
    card->body()->addLayout(figures);
    card->body()->addWidget(progress_);
    card->body()->addWidget(protocol_);
    card->body()->addWidget(qualityError_);
    card->body()->addLayout(row);
    card->body()->addStretch();
    connect(measure_, &QPushButton::clicked, this, [this] { Q_EMIT measureClicked({}); });
    connect(choose_, &QPushButton::clicked, this, [this] {
        const QString file = QFileDialog::getOpenFileName(
            this, tr("Text to measure on"), {}, tr("Texts (*.txt *.md *.raw);;All files (*)"));
        if (!file.isEmpty())
            Q_EMIT measureClicked(file);
    });
    return card;
}

QWidget* DoneView::makeWorst() {
    auto* card = new Card(tr("Worst three layers"));
    card->setDetail(tr("by output error"));
    const QStringList heads{tr("Layer"), tr("Output error"), tr("Weight error"), tr("Bimodal rows"),
                            tr("Max / RMS")};
    for (int column = 0; column < heads.size(); ++column)
        worst_->setHorizontalHeaderItem(column, cell(heads[column], column > 0));
    worst_->setAccessibleName(tr("Worst three layers"));
    worst_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    worst_->setSelectionBehavior(QAbstractItemView::SelectRows);
    worst_->setTabKeyNavigation(false);
    worst_->verticalHeader()->hide();
    worst_->setShowGrid(false);
    worst_->horizontalHeader()->setStyleSheet(
        "QHeaderView::section { padding: 4px 3px; }"); // as cells
    worst_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    worst_->setMinimumHeight(160);
    worst_->setToolTip(tr("Output error: share of the squared outputs that the stored layer misses "
                          "on the calibration text. Weight error: the same of the squared weights. "
                          "Bimodal: rows whose fitted mixture has two peaks. Max / RMS: of the "
                          "layer's inputs, before and after the rotation."));
    card->body()->addWidget(worst_);
    return card;
}

void DoneView::show(const QuantizeResult& result, double parameters, double originalBytes) {
    title_->setText(tr("Done in %1").arg(durationText(result.seconds)));
    const double bytes =
        static_cast<double>(result.ledger.linearBits() + result.ledger.otherBits) / 8.0;
    facts_->setText(tr("%1 instead of %2 · %3 bits a linear weight · peak memory %4 · %5")
                        .arg(bytesText(bytes), bytesText(originalBytes),
                             numberText(result.ledger.bitsPerWeight(), 3),
                             bytesText(static_cast<double>(result.peakRssBytes)),
                             shortPath(QString::fromStdString(result.out))));
    bits_->setLedger(result.ledger, parameters);
    fillWorst(result.blocks);
    before_->setText("–");
    after_->setText("–");
    qualityError_->hide();
}

void DoneView::fillWorst(const std::vector<BlockReport>& blocks) {
    std::vector<std::pair<std::int64_t, const GroupReport*>> layers;
    for (const BlockReport& block : blocks)
        for (const GroupReport& g : block.groups)
            if (!g.kept)
                layers.emplace_back(block.block, &g);
    std::ranges::sort(layers, [](const auto& a, const auto& b) {
        return a.second->activationError > b.second->activationError;
    });
    layers.resize(std::min<std::size_t>(layers.size(), worstShown));
    worst_->setRowCount(static_cast<int>(layers.size()));
    for (int row = 0; row < worst_->rowCount(); ++row) {
        const auto& [block, g] = layers[static_cast<std::size_t>(row)];
        worst_->setItem(row, 0, cell(tr("block %1, %2").arg(block).arg(groupName(g->kind)), false));
        worst_->setItem(row, 1, cell(numberText(g->activationError, 4), true));
        worst_->setItem(row, 2, cell(numberText(g->plainError, 3), true));
        worst_->setItem(row, 3, cell(numberText(100.0 * g->bimodalResidual, 0) + " %", true));
        worst_->setItem(row, 4,
                        cell(tr("%1 → %2").arg(numberText(g->activationPeakBefore, 1),
                                               numberText(g->activationPeakAfter, 1)),
                             true));
    }
}

void DoneView::setQualityProgress(double fraction) {
    progress_->setVisible(true);
    progress_->setValue(static_cast<int>(1000.0 * fraction));
    measure_->setEnabled(false);
    choose_->setEnabled(false);
    protocol_->setText(tr("Measuring both models on the same text"));
    qualityError_->hide();
}

void DoneView::setQuality(const QuickQualityResult& r) {
    progress_->hide();
    measure_->setEnabled(true);
    choose_->setEnabled(true);
    const auto text = [](const PerplexityResult& p) {
        const QString value = numberText(p.perplexity, 1);
        return p.windows > 1 ? value + " ± " + numberText(p.standardError, 1) : value;
    };
    before_->setText(text(r.original));
    after_->setText(text(r.quantized));
    protocol_->setText(tr("Windows of 256 tokens: %1, predictions: %2. Original F16, quantized "
                          "W1A%3, on %4.")
                           .arg(r.original.windows)
                           .arg(wholeText(r.original.tokens))
                           .arg(r.activationBits)
                           .arg(QString::fromStdString(r.device)));
    if (!r.fellBack.empty())
        qualityError_->show(Banner::Tone::warn, tr("The processor measured instead of the GPU."),
                            QString::fromStdString(r.fellBack) + ".");
}

void DoneView::setQualityError(const QString& sentence) {
    progress_->hide();
    measure_->setEnabled(true);
    choose_->setEnabled(true);
    protocol_->clear();
    qualityError_->show(Banner::Tone::bad, tr("Not measured."), sentence);
}

} // namespace bwla::ui
