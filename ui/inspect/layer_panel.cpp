// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/layer_panel.h"

#include "ui/inspect/layer_map.h"
#include "ui/inspect/layer_tree.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/number_text.h"
#include "ui/widgets/themed_icon.h"

#include <QComboBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QToolButton>
#include <QTreeView>

#include <algorithm>
#include <cmath>

namespace bwla::ui {
namespace {

constexpr int refreshMilliseconds = 200;

int columnOf(LayerMetric metric) {
    return 1 + static_cast<int>(std::ranges::find(layerMetrics, metric) - layerMetrics.begin());
}

/// "11.down_proj"
QString placeOf(const LayerId& layer) {
    const QString full = QString::fromStdString(layerName(layer));
    return QString("%1.%2").arg(layer.block).arg(full.section('.', -1));
}

} // namespace

LayerPanel::LayerPanel(Theme& theme, QWidget* parent)
    : QWidget(parent), mapCard_(new Card(tr("Layer map"))), treeCard_(new Card(tr("Layers"))),
      metric_(new QComboBox), map_(new LayerMap(theme, facts_)),
      model_(new LayerTree(facts_, this)), order_(new LayerOrder(this)), tree_(new QTreeView),
      search_(new QLineEdit), worstText_(label({}, "caption")), pinText_(label({}, "caption")),
      showWorst_(new QPushButton(tr("Show"))) {
    layOutMap(theme);
    layOutTree(theme);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(mapCard_);
    column->addWidget(treeCard_, 1);
    refresh_.setSingleShot(true);
    refresh_.setInterval(refreshMilliseconds);
    connect(&refresh_, &QTimer::timeout, this, &LayerPanel::refresh);
}

void LayerPanel::layOutMap(Theme& theme) {
    for (const LayerMetric metric : layerMetrics)
        metric_->addItem(words(metric).name);
    metric_->setProperty("small", true);
    metric_->setAccessibleName(tr("Metric of the map"));
    mapCard_->addTool(metric_);
    pin_ = mapCard_->addTool({}, tr("Pin this layer, to compare others with it (I)"));
    pin_->setCheckable(true);
    setThemedIcon(theme, pin_, "pin");
    connect(pin_, &QToolButton::clicked, this, &LayerPanel::togglePin);
    mapCard_->body()->addWidget(map_);
    pinText_->setWordWrap(true);
    pinText_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    pinText_->hide();
    mapCard_->body()->addWidget(pinText_);
    mapCard_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    connect(metric_, &QComboBox::currentIndexChanged, this, [this](int index) {
        const LayerMetric metric = layerMetrics.at(static_cast<std::size_t>(index));
        map_->setMetric(metric);
        metric_->setToolTip(words(metric).definition);
        refresh();
    });
    connect(map_, &LayerMap::chosen, this, &LayerPanel::choose);
}

void LayerPanel::layOutTree(Theme& theme) {
    layOutSearch(theme);
    setUpTree();
    const auto widths = [this, &theme] { setColumnWidths(theme); };
    connect(&theme, &Theme::changed, this, widths);
    widths();
    auto* foot = new QHBoxLayout;
    foot->addWidget(worstText_, 1);
    showWorst_->setProperty("small", true);
    showWorst_->setAccessibleName(tr("Show the worst layer"));
    connect(showWorst_, &QPushButton::clicked, this, [this] {
        if (const auto layer = worst())
            choose(*layer);
    });
    foot->addWidget(showWorst_);
    treeCard_->body()->addWidget(search_);
    treeCard_->body()->addWidget(tree_, 1);
    treeCard_->body()->addLayout(foot);
}

void LayerPanel::layOutSearch(Theme& theme) {
    search_->setPlaceholderText(tr("Find a layer"));
    search_->setAccessibleName(tr("Find a layer"));
    search_->setClearButtonEnabled(true);
    search_->hide();
    connect(search_, &QLineEdit::textChanged, order_, &LayerOrder::setFilterFixedString);
    connect(search_, &QLineEdit::textChanged, this,
            [this](const QString& text) { text.isEmpty() ? showCurrent() : tree_->expandAll(); });
    QToolButton* find = treeCard_->addTool({}, tr("Find a layer (Ctrl+F)"));
    chooseColumns_ = treeCard_->addTool({}, tr("Choose columns"));
    connect(find, &QToolButton::clicked, this, &LayerPanel::search);
    connect(chooseColumns_, &QToolButton::clicked, this, &LayerPanel::offerColumns);
    setThemedIcon(theme, find, "search");
    setThemedIcon(theme, chooseColumns_, "more");
}

void LayerPanel::setUpTree() {
    order_->setSourceModel(model_);
    tree_->setModel(order_);
    tree_->setAccessibleName(tr("Layers and their numbers"));
    tree_->setSortingEnabled(true);
    tree_->sortByColumn(0, Qt::AscendingOrder);
    tree_->setIndentation(12);
    tree_->setUniformRowHeights(true);
    tree_->setAllColumnsShowFocus(true);
    tree_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    tree_->setItemDelegate(new HeatCell(tree_));
    connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this,
            [this](const QModelIndex& index) {
                if (const auto layer = model_->layerAt(order_->mapToSource(index)))
                    choose(*layer);
            });
    // A column is sorted worst first at the first click.
    connect(tree_->header(), &QHeaderView::sectionClicked, this,
            [this, last = -1](int column) mutable {
                if (column > 0 && column != last && words(LayerTree::metricOf(column)).largeIsWorse)
                    tree_->sortByColumn(column, Qt::DescendingOrder);
                last = column;
            });
}

/// Fixed: the survey changes numbers, not widths.
void LayerPanel::setColumnWidths(const Theme& theme) {
    QHeaderView* header = tree_->header();
    header->setStretchLastSection(false);
    header->setMinimumSectionSize(40);
    header->setSectionResizeMode(0, QHeaderView::Stretch);
    const int number = QFontMetrics(theme.font(TextRole::body)).horizontalAdvance("0.000") + 14;
    const QFontMetrics head(theme.font(TextRole::caption));
    for (const LayerMetric metric : layerMetrics)
        header->resizeSection(
            columnOf(metric),
            std::max(number, head.horizontalAdvance(words(metric).shortName) + 20));
}

void LayerPanel::offerColumns() {
    QMenu menu;
    for (const LayerMetric metric : layerMetrics) {
        const int column = columnOf(metric);
        QAction* action = menu.addAction(words(metric).name);
        action->setCheckable(true);
        action->setChecked(!tree_->isColumnHidden(column));
        connect(action, &QAction::toggled, this,
                [this, column](bool on) { tree_->setColumnHidden(column, !on); });
    }
    menu.exec(chooseColumns_->mapToGlobal(QPoint(0, chooseColumns_->height())));
}

void LayerPanel::open(const std::vector<LayerId>& layers, const std::vector<LayerId>& kept,
                      const std::vector<BlockReport>& reports) {
    facts_.clear();
    facts_.setKept(kept);
    facts_.setReports(reports);
    layers_ = layers;
    current_.reset();
    pinned_.reset();
    model_->setLayers(layers);
    map_->setLayers(layers);
    const bool recorded = facts_.hasReports();
    tree_->setColumnHidden(columnOf(LayerMetric::outputError), !recorded);
    tree_->setColumnHidden(columnOf(LayerMetric::activationPeak), !recorded);
    tree_->setColumnHidden(columnOf(LayerMetric::plainError), recorded);
    tree_->setColumnHidden(columnOf(LayerMetric::bimodal), recorded);
    setMetric(recorded ? LayerMetric::outputError : LayerMetric::plainError);
    refresh();
}

void LayerPanel::add(const LayerSurvey& survey) {
    facts_.add(survey);
    if (!refresh_.isActive())
        refresh_.start();
}

void LayerPanel::refresh() {
    model_->factsChanged();
    map_->factsChanged();
    const auto total = static_cast<int>(layers_.size()) - facts_.kept();
    const int blocks = layers_.empty() ? 0 : static_cast<int>(layers_.back().block) + 1;
    treeCard_->setDetail(facts_.known() < total
                             ? tr("reading, %1 of %2").arg(facts_.known()).arg(total)
                         : facts_.kept() == 0 ? tr("%1 in %2 blocks").arg(total).arg(blocks)
                                              : tr("%1 in %2 blocks, %3 in float")
                                                    .arg(layers_.size())
                                                    .arg(blocks)
                                                    .arg(facts_.kept()));
    const auto layer = worst();
    showWorst_->setEnabled(layer.has_value());
    const MetricWords text = words(metric());
    worstText_->setToolTip(text.definition);
    worstText_->setText(layer ? tr("Worst by %1: %2 %3")
                                    .arg(text.name.toLower(), placeOf(*layer),
                                         numberText(facts_.value(*layer, metric()), text.decimals))
                        : facts_.known() < total
                            ? tr("Reading the layers…")
                            : tr("%1 is not known for this model").arg(text.name));
    worstText_->setWordWrap(true);
    showPin();
}

void LayerPanel::togglePin() {
    if (pinned_ == current_)
        pinned_.reset();
    else
        pinned_ = current_;
    showPin();
}

void LayerPanel::goToPinned() {
    if (pinned_)
        choose(*pinned_);
}

QString LayerPanel::pinText() const {
    return pinText_->text();
}

void LayerPanel::showPin() {
    map_->setPinned(pinned_);
    pin_->setChecked(pinned_.has_value() && pinned_ == current_);
    pinText_->setVisible(pinned_.has_value());
    if (!pinned_ || !current_)
        return;
    const MetricWords text = words(metric());
    const double there = facts_.value(*pinned_, metric()), here = facts_.value(*current_, metric());
    const QString pinned =
        tr("Pinned: %1 %2").arg(placeOf(*pinned_), numberText(there, text.decimals));
    const double change = 100.0 * (here / there - 1.0);
    pinText_->setToolTip(text.definition);
    pinText_->setText(pinned_ == current_
                          ? pinned
                          : tr("%1. Here: %2 %3 (%4 %)")
                                .arg(pinned, placeOf(*current_), numberText(here, text.decimals),
                                     (change > 0 ? "+" : "") +
                                         numberText(change, std::abs(change) < 10 ? 1 : 0)));
}

std::optional<LayerId> LayerPanel::worst() const {
    std::optional<LayerId> result;
    const bool large = words(metric()).largeIsWorse;
    for (const LayerId& layer : layers_) {
        const double here = facts_.value(layer, metric());
        if (std::isnan(here))
            continue;
        const double best = result ? facts_.value(*result, metric()) : here;
        if (!result || (large ? here > best : here < best))
            result = layer;
    }
    return result;
}

void LayerPanel::choose(const LayerId& layer) {
    if (current_ == layer)
        return;
    current_ = layer;
    map_->setCurrent(layer);
    showCurrent();
    showPin();
    Q_EMIT chosen(layer);
}

void LayerPanel::showCurrent() {
    if (!current_)
        return;
    const QModelIndex index = order_->mapFromSource(model_->indexOf(*current_));
    if (!index.isValid() || tree_->currentIndex().siblingAtColumn(0) == index)
        return;
    tree_->expand(index.parent());
    tree_->setCurrentIndex(index);
    tree_->scrollTo(index, QAbstractItemView::PositionAtCenter);
}

void LayerPanel::step(int by) {
    if (!current_)
        return;
    const auto at = std::ranges::find(layers_, *current_) - layers_.begin() + by;
    if (at >= 0 && at < static_cast<std::ptrdiff_t>(layers_.size()))
        choose(layers_[static_cast<std::size_t>(at)]);
}

void LayerPanel::setMetric(LayerMetric metric) {
    metric_->setCurrentIndex(columnOf(metric) - 1);
    map_->setMetric(metric);
}

LayerMetric LayerPanel::metric() const {
    return layerMetrics.at(static_cast<std::size_t>(std::max(0, metric_->currentIndex())));
}

void LayerPanel::nextMetric() {
    metric_->setCurrentIndex((metric_->currentIndex() + 1) % metric_->count());
}

void LayerPanel::expandAll() {
    tree_->expandAll();
}

void LayerPanel::search() {
    search_->setVisible(true);
    search_->setFocus();
    search_->selectAll();
}

QString LayerPanel::csv() const {
    QStringList head{tr("Layer")};
    for (const LayerMetric metric : layerMetrics)
        head << words(metric).name;
    QString text = head.join(',') + '\n';
    for (const LayerId& layer : layers_) {
        QStringList cells{QString::fromStdString(layerName(layer))};
        for (const LayerMetric metric : layerMetrics) {
            const double value = facts_.value(layer, metric);
            cells << (std::isnan(value) ? QString() : QString::number(value, 'g', 9));
        }
        text += cells.join(',') + '\n';
    }
    return text;
}

QWidget* LayerPanel::mapCard() const {
    return mapCard_;
}

} // namespace bwla::ui
